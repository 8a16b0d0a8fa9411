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

/// One repetition: both sides, one right after the other.
pub(crate) struct Pair {
    pub(crate) ideal: Waves,
    pub(crate) worker: Waves,
}

pub(crate) struct Table {
    side: Side,
}

impl Table {
    pub(crate) fn begin(options: &Options) -> Self {
        println!(
            "{STEPS} trivial awaits per execution, {} commits; first start to last finish; synchronous=FULL\n\
             medians of {} repetitions, ideal and durable in turn; spread is (max - min) / median\n",
            STEPS + 2,
            options.repetitions
        );
        println!(
            "{:>10} {:>13} {:>13} {:>7} {:>13} {:>13} {:>7} {:>17}  target",
            "executions", "ideal steps/s", "per execution", "spread", "durable", "per execution", "spread", "ratio"
        );
        Self { side: options.side }
    }

    /// One case. Whether its target, if it has one, was met.
    pub(crate) fn row(&self, case: Case, pairs: &[Pair]) -> bool {
        let ideal = Sample::of(pairs.iter().map(|pair| seconds(&pair.ideal)));
        let worker = Sample::of(pairs.iter().map(|pair| seconds(&pair.worker)));
        let ratio = Sample::of(pairs.iter().map(|pair| seconds(&pair.ideal) / seconds(&pair.worker)));
        let (target, met) = match (self.side, case.concurrent) {
            (Side::Both, 1) => {
                let longer = 1.0 / ratio.median;
                verdict(longer <= LONE_MAX, format!("{longer:.2} x its bare commits, at most {LONE_MAX}"))
            }
            (Side::Both, 1_000) => verdict(ratio.median >= RATIO_MIN, format!("at least {RATIO_MIN}")),
            _ => (String::new(), true),
        };
        println!(
            "{:>10} {} {} {:>17}  {target}",
            case.concurrent,
            columns(case, &ideal),
            columns(case, &worker),
            match self.side {
                Side::Both => format!("{:.2} ({:.2}-{:.2})", ratio.median, ratio.min, ratio.max),
                _ => "-".into(),
            }
        );
        met
    }
}

fn verdict(met: bool, target: String) -> (String, bool) {
    (format!("{target}: {}", if met { "met" } else { "MISSED" }), met)
}

fn columns(case: Case, time: &Sample) -> String {
    if time.median == 0.0 {
        return format!("{:>13} {:>13} {:>7}", "-", "-", "-");
    }
    let steps_per_second = (case.concurrent * STEPS) as f64 / time.median;
    let each = Duration::from_secs_f64(time.median / case.concurrent as f64);
    let spread = (time.max - time.min) / time.median * 100.0;
    format!("{steps_per_second:>13.0} {:>13} {spread:>6.0}%", format!("{each:.1?}"))
}

/// The mean wave of one repetition, in seconds: checkpoints count, wherever they fall.
fn seconds(waves: &Waves) -> f64 {
    let sum: Duration = waves.iter().sum();
    sum.as_secs_f64() / waves.len().max(1) as f64
}

struct Sample {
    min: f64,
    median: f64,
    max: f64,
}

impl Sample {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or_default();
        Self { min: at(0), median: at(values.len() / 2), max: at(values.len().saturating_sub(1)) }
    }
}
