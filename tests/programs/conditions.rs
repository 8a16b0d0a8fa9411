//! Operands that become conditions: what they mean does not depend on where they stand.

use super::world::{World, everywhere};
use durable::workflow;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pair {
    a: u64,
    b: u64,
}

#[workflow]
async fn with_struct_literals(world: &World, pair: Pair) -> Vec<bool> {
    let both = Pair { a: 1, b: 2 } == pair && world.big(pair.a).await;
    #[at(BigB)]
    let either = pair != Pair { a: 1, b: 2 } || world.big(pair.b + 10).await;
    vec![both, either]
}

#[tokio::test]
async fn a_struct_literal_beside_and_or_or_is_an_operand() {
    assert_eq!(everywhere(with_struct_literals::input(Pair { a: 1, b: 2 })).await, [false, true]);
    assert_eq!(everywhere(with_struct_literals::input(Pair { a: 11, b: 2 })).await, [false, true]);
}
