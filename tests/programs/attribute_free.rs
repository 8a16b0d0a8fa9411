//! The same source with and without the attribute.

use super::world::{World, report};
use durable::{sleep, workflow};
use durable_test::EffectLog;
use serde::{Deserialize, Serialize};
use std::time::Duration;

macro_rules! twice {
    ($(#[$attr:meta])* async fn $name:ident($($params:tt)*) -> $out:ty $body:block) => {
        mod with { use super::*; #[workflow] pub(super) async fn $name($($params)*) -> $out $body }
        mod without { use super::*; pub(super) async fn $name($($params)*) -> $out $body }
    };
}
#[derive(Serialize, Deserialize, Debug, Clone)]
struct Order {
    lines: Vec<u64>,
    note: Option<String>,
}
twice! {
    async fn placed(world: &World, mut order: Order) -> Result<(u64, Vec<String>), String> {
        let mut sum = 0;
        let mut texts = Vec::new();
        'lines: for (i, line) in order.lines.iter().enumerate() {
            if *line == 3 { continue 'lines; }
            let got = world.even(*line * 2).await? + if i > 1 { world.big(*line).await as u64 } else { 0 };
            sum += got;
            texts.push(world.text(got).await);
        }
        while let Some(line) = order.lines.pop() { if world.some(line).await.is_none() { break; } }
        if let Some(note) = &order.note && !note.is_empty() { world.note(note.as_str()).await; }
        let joined = async { texts.join("+") }.await;
        texts.push(joined);
        sleep(Duration::from_secs(1)).await;
        Ok((sum, texts))
    }
}
#[tokio::test]
async fn without_its_attribute_a_workflow_is_the_same_function() {
    for lines in [vec![], vec![1, 3, 5, 7], vec![0, 1], vec![12, 13, 14]] {
        for note in [None, Some("n".to_owned())] {
            let order = Order { lines: lines.clone(), note };
            let log = EffectLog::new();
            let bare = without::placed(&World::logging(&log), order.clone()).await;
            let names = |v: &[durable_test::Effect]| v.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
            let r = report(with::placed::input(order.clone())).await;
            assert_eq!(r.output, bare);
            assert_eq!(names(&r.effects), names(&log.snapshot()));
            let log = EffectLog::new();
            let mem = with::placed(&World::logging(&log), order).in_memory().await;
            assert_eq!(mem, bare);
            assert_eq!(names(&r.effects), names(&log.snapshot()));
        }
    }
}
