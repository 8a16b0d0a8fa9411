//! Programs under `#[workflow]`: each is run plainly, and with a crash at every commit with its state through bytes; results
//! and effects must be equal.

#![allow(
    clippy::all,
    for_loops_over_fallibles,
    unused_must_use,
    reason = "users write all of Rust; these programs are about what it means, not about style"
)]

mod attribute_free;
mod attributes;
mod awaitables;
mod bodies;
mod borrowed_parts;
mod borrows;
mod branches;
mod children;
mod collections;
mod conditions;
mod expressions;
mod generics;
mod graph;
mod hidden_names;
mod iterators;
mod kinds_of_values;
mod logged_operands;
mod loops;
mod macros;
mod methods;
mod moves;
mod names;
mod order;
mod order_of_evaluation;
mod own_prelude;
mod parameters;
mod places;
mod random_finds;
mod results;
mod saved_states;
mod scopes;
mod shadowing;
mod traps;
mod world;
