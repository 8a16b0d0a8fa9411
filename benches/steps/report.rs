//! The table: medians, spread and ratio.

use crate::{
    Case, Waves,
    options::{Options, Side},
    workload::STEPS,
};
use std::time::Duration;

/// The ratio to reach with a thousand executions at once.
const RATIO_MIN: f64 = 0.4;
/// How much longer than its bare commits a lone execution may take.
const LONE_MAX: f64 = 1.3;

/// All sides, one right after the other, as in [`Side::ALL`]. A side that was not asked for has no waves.
#[derive(Default)]
pub(crate) struct Repetition {
    pub(crate) waves: [Waves; 3],
}

impl Repetition {
    /// The mean wave in seconds: checkpoints count, wherever they fall.
    fn seconds(&self, side: Side) -> Option<f64> {
        let waves = &self.waves[side as usize];
        let sum: Duration = waves.iter().sum();
        (!waves.is_empty()).then(|| sum.as_secs_f64() / waves.len() as f64)
    }
}

/// What is printed.
pub(crate) struct Table;

impl Table {
    pub(crate) fn begin(options: &Options) -> Self {
        println!(
            "{STEPS} trivial awaits per execution, {} commits; from the first start to the last finish; synchronous=FULL",
            STEPS + 2
        );
        println!(
            "medians of {} repetitions, the sides in turn; the ratio is that of times to the ideal loop (least-greatest)\n",
            options.repetitions
        );
        println!(
            "{:>10}  {:<8} {:>10} {:>13} {:>7}  ratio",
            "executions", "side", "steps/s", "per execution", "spread"
        );
        Self
    }

    /// One case. Whether its target, if it has one, was met.
    pub(crate) fn row(&self, case: Case, repetitions: &[Repetition]) -> bool {
        let mut met = true;
        for side in Side::ALL {
            let Some(time) = Sample::of(repetitions.iter().filter_map(|repetition| repetition.seconds(side)))
            else {
                continue;
            };
            print!(
                "{:>10}  {:<8} {}",
                case.concurrent,
                format!("{side:?}").to_lowercase(),
                columns(case, &time)
            );
            let ratios = repetitions.iter().filter_map(|r| Some(r.seconds(Side::Ideal)? / r.seconds(side)?));
            match Sample::of(ratios) {
                Some(ratio) if side != Side::Ideal => {
                    print!("  {:.2} ({:.2}-{:.2})", ratio.median, ratio.min, ratio.max);
                    if side == Side::Worker {
                        met &= target(case, ratio.median);
                    }
                }
                _ => {}
            }
            println!();
        }
        met
    }
}

/// Prints the verdict where there is a target.
fn target(case: Case, ratio: f64) -> bool {
    let (met, target) = match case.concurrent {
        1 => (
            1.0 / ratio <= LONE_MAX,
            format!("{:.2} times its bare commits, at most {LONE_MAX}", 1.0 / ratio),
        ),
        1_000 => (ratio >= RATIO_MIN, format!("at least {RATIO_MIN}")),
        _ => return true,
    };
    print!("  {target}: {}", if met { "met" } else { "MISSED" });
    met
}

fn columns(case: Case, time: &Sample) -> String {
    let steps_per_second = (case.concurrent * STEPS) as f64 / time.median;
    let each = Duration::from_secs_f64(time.median / case.concurrent as f64);
    let spread = (time.max - time.min) / time.median * 100.0;
    format!("{steps_per_second:>10.0} {:>13} {spread:>6.0}%", format!("{each:.1?}"))
}

struct Sample {
    min: f64,
    median: f64,
    max: f64,
}

impl Sample {
    /// `None` of nothing.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        Some(Self { min: *values.first()?, median: values[values.len() / 2], max: *values.last()? })
    }
}
