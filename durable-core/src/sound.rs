//! What keeps rustc from telling a mistake twice, once of the plain copy and once of the drive function.
//!
//! rustc leaves out what it would say again in the same words and place. But it speaks of an `async fn` where it checks the plain
//! copy and of `async` blocks where it checks the drive function, and follows moves from block to block in other words. So the
//! drive function is not checked any further once the plain copy has a mistake: its output goes by way of a constant,
//! [`sound`], and to evaluate that, rustc must know the future of the plain copy. That has no type if there was a mistake in it,
//! so neither has the constant a value, nor the drive function's output a type: and of what has no type rustc says nothing.

use std::marker::PhantomData;

/// A workflow whose plain copy has no mistake.
#[derive(Debug)]
pub struct Sound<const SOUND: bool>;

/// What a workflow gives, if its plain copy has no mistake.
pub trait Gives<Output> {
    /// The output itself.
    type Output;
}

impl<Output, const SOUND: bool> Gives<Output> for Sound<SOUND> {
    type Output = Output;
}

/// A type, unless the plain copy has a mistake.
pub type Output<T, const SOUND: bool> = <Sound<SOUND> as Gives<T>>::Output;

/// A value of such a type.
pub fn given<T, const SOUND: bool>(value: T) -> Output<T, SOUND> {
    value
}

/// `true`; there is no other value, as what has a mistake is never evaluated. The function calls the plain copy.
pub const fn sound<F, R>(_: &F) -> bool
where
    F: Fn() -> R,
{
    let _known = PhantomData::<R>;
    true
}

/// An argument of the call in [`sound`]'s, which is never made.
pub fn argument<T>() -> T {
    unreachable!("the call of the plain copy is there for its type alone")
}
