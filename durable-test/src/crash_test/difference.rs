//! The first difference a crash test found, for people.

use std::fmt;

/// How a run differs from the one it should equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub(super) workflow: &'static str,
    /// `None`: the plain run and the run through snapshots differ.
    pub(super) crash: Option<String>,
    /// Where the execution went on after the crash; `None` at the start.
    pub(super) place: Option<String>,
    pub(super) state: Option<String>,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Output { expected: String, found: String },
    Effects { expected: Vec<String>, found: Vec<String> },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workflow, crash, place, state, what } = self;
        let (expected, found) = match crash {
            Some(crash) => {
                write!(f, "workflow `{workflow}` does not survive {crash}")?;
                match place {
                    Some(place) => write!(f, ", where it goes on at await point {place}")?,
                    None => write!(f, ", where it goes on from the start")?,
                }
                ("without a crash", "with the crash")
            }
            None => {
                write!(
                    f,
                    "workflow `{workflow}` does something else through its snapshots than as a plain function"
                )?;
                ("as a plain function", "through its snapshots")
            }
        };
        match what {
            What::Output { expected: one, found: other } => {
                write!(f, "\n\noutput {expected}:\n  {one}\noutput {found}:\n  {other}")?;
            }
            What::Effects { expected: one, found: other } => {
                let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
                write!(f, "\n\neffects {expected}:")?;
                list(f, one, same)?;
                write!(f, "\neffects {found}:")?;
                list(f, other, same)?;
            }
        }
        match state {
            Some(state) => write!(f, "\n\nthe state it went on from:\n  {}", state.replace('\n', "\n  ")),
            None => Ok(()),
        }
    }
}

/// Numbered lines; the first one that differs is marked.
fn list(f: &mut fmt::Formatter<'_>, lines: &[String], same: usize) -> fmt::Result {
    for (number, line) in lines.iter().enumerate() {
        let mark = if number == same { '>' } else { ' ' };
        write!(f, "\n {mark} {:>3}  {line}", number + 1)?;
    }
    if lines.is_empty() { write!(f, "\n        none") } else { Ok(()) }
}
