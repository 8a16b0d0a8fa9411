//! `#[step]`: turns an `async fn` into a function that gives a `Step`, which runs the same body under a policy.
//!
//! ```text
//! async fn charge(stripe: &Stripe, key: Uuid) -> Result<PaymentId, PaymentError> { body }
//!     becomes
//! fn charge(stripe: &Stripe, key: Uuid) -> Step<impl Attempts<Output = Result<PaymentId, PaymentError>>> {
//!     Step::new(Body::new(async move { body }, || None), &POLICY, StepHooks { .. })
//! }
//! ```
//!
//! A function that gives a boxed future becomes one that gives a `Step<Box<dyn Attempts<..>>>`, for traits used as `dyn`.
//!
//! Nothing in the body is rewritten. `parse` reads the function, `policy` the arguments, `signature` refuses what cannot be a
//! step, `emit` writes the above.

mod boxed;
mod duration;
mod emit;
mod parse;
mod policy;
mod signature;

use crate::diagnostic::{Code, Diagnostics, to_compile_errors};
use proc_macro2::TokenStream;

/// Expands `#[step(attr)] item`. On an error the function is still emitted as well as it can be, so that one mistake makes one
/// message.
pub fn expand(attr: TokenStream, item: TokenStream) -> TokenStream {
    let diagnostics = Diagnostics::new();
    let policy = policy::Policy::parse(attr, &diagnostics);
    let expanded = match parse::StepFn::parse(item.clone()) {
        Ok(step) => {
            signature::check(&step, &policy, &diagnostics);
            match signature::can_be_emitted(&step) {
                true => emit::emit_step(&step, &policy),
                false => item,
            }
        }
        Err(error) => {
            let _ = diagnostics.half_typed(Code::StepSignature, error);
            item
        }
    };
    let errors = to_compile_errors(&diagnostics.finish());
    quote::quote!(#errors #expanded)
}

#[cfg(test)]
mod tests;
