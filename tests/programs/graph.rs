//! The picture that a workflow's type carries.

use super::world::{World, everywhere};
use durable::workflow;

/// Rounds of questions.
#[workflow]
async fn rounds(world: &World, limit: u64) -> Result<u64, String> {
    let mut sum = 0;
    while sum < limit {
        /// Doc comments of statements that await belong to their await points: no warning of unused ones.
        let more: u64 = world.ask(sum + 1).await;
        /// Odd numbers fail.
        world.even(more + sum + 1).await?;
        sum += more;
    }
    /// The last one.
    match world.some(sum).await {
        None => Err("nothing".to_owned()),
        Some(sum) => Ok(sum),
    }
}

#[tokio::test]
async fn documented_await_points_run_like_others() {
    assert_eq!(everywhere(rounds::input(1)).await, Ok(1));
    assert_eq!(everywhere(rounds::input(0)).await, Err("nothing".to_owned()));
    assert_eq!(everywhere(rounds::input(3)).await, Ok(3));
}

#[test]
fn the_type_carries_the_picture_of_its_source() {
    let drawn = durable_test::expanded_graph("tests/programs/graph.rs", "rounds");
    assert_eq!(rounds::GRAPH.to_mermaid(), drawn);
    let dot = rounds::GRAPH.to_dot();
    assert!(dot.starts_with("digraph {\n") && dot.ends_with("}\n"), "{dot}");
    assert!(
        dot.contains(r#""Even" [shape=box, label="Even\nworld.even(more + sum + 1)\nOdd numbers fail."];"#),
        "{dot}"
    );
    assert!(dot.contains(r#""Even" -> "err" [label="?", style=dashed];"#), "{dot}");
}
