//! Random workflows: well-typed programs, each from a seed, that use the language in ways nobody would think of.
//!
//! A program is right by construction: what is moved, borrowed or not yet assigned is not used, so rustc accepts the function
//! without its attributes, and every complaint about the workflow is a mistake of the compiler. The generator walks as
//! rustc does, in the order of evaluation, and keeps what each name means and may be used for in its scope (`scope.rs`).
//! What a program does shows in its effects and in what it returns: all its locals at the end.
//!
//! | file | what |
//! |---|---|
//! | `random.rs` | numbers from a seed |
//! | `types.rs` | the types of locals |
//! | `scope.rs` | which locals there are, and what may be done with them |
//! | `generator.rs` | the walk's state: branches, scopes, jumps |
//! | `values.rs` | expressions of any type |
//! | `numbers.rs` | expressions of type `u64` and `bool` |
//! | `operations.rs` | what is awaited |
//! | `statements.rs` | statements |
//! | `declarations.rs` | `let`, in all its forms |
//! | `branches.rs` | `if`, `match`, `let .. else` |
//! | `loops.rs` | loops and labelled blocks |
//! | `refusal.rs` | what the compiler says of a program |
//!
//! The program of this package is the long run, `main.rs` and `long_run/`.

mod branches;
mod declarations;
mod generator;
mod loops;
mod numbers;
mod operations;
mod random;
mod refusal;
mod scope;
mod statements;
mod types;
mod values;

pub use refusal::{Refusal, refusal};

/// The source of the workflow of a seed: an `async fn` named `program_SEED` under `#[durable::workflow]`, with the parameters
/// `(world: &World, mut a: u64, x: u64, mut v: Vec<u64>, t: String)`.
pub fn program(seed: u64) -> String {
    generator::Generator::new(seed).program(&format!("program_{seed}"))
}
