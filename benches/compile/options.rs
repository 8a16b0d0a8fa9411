//! The command line.

use crate::shape::Shape;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
cargo bench --bench compile -- [options]

  --quick          fewer sizes, fewer repetitions
  --check          fail if a target is missed
  --shape <name>   only this shape: `straight`, `branches`, `shadowed`, `steps`
  --awaits <n>     only this number of awaits (any number; again for more)
  --reps <n>       repetitions of each build
  --dir <folder>   where the generated package goes and stays (the target folder)";

/// What to measure.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) repetitions: usize,
    pub(crate) check: bool,
    pub(crate) folder: PathBuf,
    quick: bool,
    shape: Option<Shape>,
    awaits: Vec<usize>,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut repetitions = None;
        let mut options = Self {
            repetitions: 5,
            check: false,
            folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compile"),
            quick: false,
            shape: None,
            awaits: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
            match &*argument {
                // Cargo says so to every benchmark.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--check" => options.check = true,
                "--shape" => {
                    let name = value()?;
                    let shape = Shape::ALL.into_iter().find(|shape| shape.name() == name);
                    options.shape = Some(shape.ok_or_else(|| format!("there is no shape `{name}`"))?);
                }
                "--awaits" => options.awaits.push(number(&value()?)?),
                "--reps" => repetitions = Some(number(&value()?)?),
                "--dir" => options.folder = value()?.into(),
                other => return Err(format!("`{other}` is no option")),
            }
        }
        options.repetitions = repetitions.unwrap_or(if options.quick { 2 } else { options.repetitions });
        Ok(options)
    }

    pub(crate) fn shapes(&self) -> Vec<Shape> {
        self.shape.map_or(Shape::ALL.to_vec(), |shape| vec![shape])
    }

    pub(crate) fn sizes(&self, shape: Shape) -> Vec<usize> {
        match (self.awaits.is_empty(), shape, self.quick) {
            (false, ..) => self.awaits.clone(),
            // The plain function alone takes minutes at a hundred: two thousand locals are alive in it until it ends.
            (true, Shape::Shadowed, true) => vec![10, 20],
            (true, Shape::Shadowed, false) => vec![10, 20, 40],
            (true, _, true) => vec![50, 100],
            (true, _, false) => vec![10, 50, 100, 200, 300],
        }
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("`{text}` is no number above 0"))
}
