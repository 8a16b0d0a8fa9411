//! The table: seconds, ratios, and what doubling costs.

use crate::{project::Seconds, shape::Shape};

/// The ratios to reach at a hundred awaits with all locals alive: to check, to build in release, and to double.
const CHECK_MAX: f64 = 4.0;
const RELEASE_MAX: f64 = 5.0;
const DOUBLING_MAX: f64 = 1.25;

/// One function on both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) awaits: usize,
    /// Of each build, of each side.
    pub(crate) seconds: [[Seconds; 2]; 2],
    /// Of the future on each side.
    pub(crate) bytes: [usize; 2],
}

impl Cell {
    /// How much longer the workflow takes, for each build.
    fn ratios(&self) -> [f64; 2] {
        self.seconds.map(|[plain, workflow]| workflow.waited / plain.waited)
    }

    /// The same of all processors together.
    fn processor_ratios(&self) -> [f64; 2] {
        self.seconds.map(|[plain, workflow]| workflow.processor / plain.processor)
    }
}

/// What is printed.
#[derive(Debug)]
pub(crate) struct Table {
    shape: Shape,
    rows: Vec<Cell>,
}

impl Table {
    /// With what a package without functions takes, for each build.
    pub(crate) fn begin(check: Seconds, release: Seconds) -> Self {
        println!(
            "a package without functions: check {:.2} s, release {:.2} s; it is part of all that follows",
            check.waited, release.waited
        );
        Self { shape: Shape::Straight, rows: Vec::new() }
    }

    pub(crate) fn shape(&mut self, shape: Shape) {
        self.shape = shape;
        self.rows.clear();
        println!("\n{}: {}", shape.name(), shape.description());
        println!(
            "{:>7} | {:>7} {:>8} {:>6} {:>9} | {:>7} {:>8} {:>6} {:>9} | {:>7} {:>8} {:>6}",
            "awaits",
            "check",
            "workflow",
            "ratio",
            "doubling",
            "release",
            "workflow",
            "ratio",
            "doubling",
            "bytes",
            "workflow",
            "ratio"
        );
    }

    /// One size. Whether its targets, if it has any, were met.
    pub(crate) fn row(&mut self, cell: Cell) -> bool {
        let half = self.rows.iter().find(|row| row.awaits * 2 == cell.awaits);
        let doubling = half.map(|half| {
            let (now, before) = (cell.ratios(), half.ratios());
            [now[0] / before[0], now[1] / before[1]]
        });
        print!("{:>7}", cell.awaits);
        for (build, ([plain, workflow], ratio)) in cell.seconds.into_iter().zip(cell.ratios()).enumerate() {
            let doubling = doubling.map_or("-".into(), |doubling| format!("{:.2} x", doubling[build]));
            let [plain, workflow] = [plain, workflow].map(|side| side.waited);
            print!(" | {plain:>7.3} {workflow:>8.3} {ratio:>6.2} {doubling:>9}");
        }
        let [plain, workflow] = cell.bytes;
        let [check, release] = cell.processor_ratios();
        println!(
            " | {plain:>7} {workflow:>8} {:>6.2} | {check:.2}, {release:.2}",
            workflow as f64 / plain as f64
        );
        self.rows.push(cell);

        let [check, release] = cell.ratios();
        let too_much = [
            (self.shape == Shape::Straight && cell.awaits == 100 && check > CHECK_MAX, "check", CHECK_MAX),
            (
                self.shape == Shape::Straight && cell.awaits == 100 && release > RELEASE_MAX,
                "release",
                RELEASE_MAX,
            ),
            (
                self.shape == Shape::Straight && doubling.is_some_and(|[check, _]| check > DOUBLING_MAX),
                "doubling",
                DOUBLING_MAX,
            ),
        ];
        for (_, what, most) in too_much.iter().filter(|(missed, ..)| *missed) {
            println!("        missed: {what} is to be at most {most}");
        }
        !too_much.iter().any(|(missed, ..)| *missed)
    }
}
