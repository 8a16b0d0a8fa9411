//! What must be equal between the run without a crash and any other run.

use super::{
    difference::{Difference, What},
    drive::{Crash, Trace},
    place::{self, Place},
    subject::Subject,
};
use crate::{Effect, Error};
use std::{collections::HashMap, fmt::Debug};

/// The run without a crash.
pub(super) struct Expected<'e, T> {
    pub(super) subject: &'e dyn Subject<T>,
    pub(super) start: &'e [u8],
    pub(super) trace: &'e Trace<T>,
    pub(super) places: &'e [Place],
    pub(super) same_output: fn(&T, &T) -> bool,
}

impl<T: Debug> Expected<'_, T> {
    /// Against the plain run. It has no keys, so effects are compared by name.
    pub(super) fn compare_plain(&self, output: &T, effects: &[Effect]) -> Result<(), Error> {
        let names = |effects: &[Effect]| effects.iter().map(|effect| effect.name.clone()).collect::<Vec<_>>();
        let what = if !(self.same_output)(&self.trace.output, output) {
            What::Output { expected: format!("{output:?}"), found: format!("{:?}", self.trace.output) }
        } else if names(&self.trace.effects) != names(effects) {
            What::Effects { expected: names(effects), found: names(&self.trace.effects) }
        } else {
            return Ok(());
        };
        Err(Error::differs(Difference {
            workflow: self.subject.name(),
            crash: None,
            place: None,
            state: None,
            what,
        }))
    }

    /// Against a run with a crash.
    pub(super) fn compare(&self, crash: Crash, found: &Trace<T>) -> Result<(), Error> {
        let what = if !(self.same_output)(&self.trace.output, &found.output) {
            What::Output {
                expected: format!("{:?}", self.trace.output),
                found: format!("{:?}", found.output),
            }
        } else if !self.same_effects(crash, &found.effects) {
            let text = |effects: &[Effect]| effects.iter().map(ToString::to_string).collect::<Vec<_>>();
            What::Effects { expected: text(&self.trace.effects), found: text(&found.effects) }
        } else {
            return Ok(());
        };
        let durable = crash.durable();
        let blob = if durable == 0 { self.start } else { &self.trace.blobs[durable - 1] };
        Err(Error::differs(Difference {
            workflow: self.subject.name(),
            crash: Some(crash.to_string()),
            place: durable.checked_sub(1).map(|at| self.places[at].to_string()),
            state: Some(place::describe(self.subject.description(), blob)),
            what,
        }))
    }

    /// After a durable commit the effects are the same. Where one was lost, those since the commit before it repeat, and
    /// no others do: the first time each effect happens, the order is that of the run without a crash.
    fn same_effects(&self, crash: Crash, found: &[Effect]) -> bool {
        let expected = &self.trace.effects;
        match crash {
            Crash::After(_) => found.iter().map(identity).eq(expected.iter().map(identity)),
            Crash::Before(_) => {
                let mut allowed = counts(expected);
                for (effect, count) in counts(self.in_flight(crash.durable())) {
                    *allowed.entry(effect).or_default() += count;
                }
                let within = counts(found)
                    .into_iter()
                    .all(|(effect, count)| allowed.get(&effect).is_some_and(|allowed| count <= *allowed));
                first_times(found) == first_times(expected) && within
            }
        }
    }

    /// The effects between this commit and the next.
    fn in_flight(&self, durable: usize) -> &[Effect] {
        let Trace { effects, effects_at, .. } = self.trace;
        let from = durable.checked_sub(1).map_or(0, |at| effects_at[at]);
        let to = effects_at.get(durable).copied().unwrap_or(effects.len());
        &effects[from..to]
    }
}

/// What makes two effects the same one: not the attempt, which a crash or a retry changes.
fn identity(effect: &Effect) -> (&str, &str) {
    (&effect.name, &effect.key)
}

fn counts(effects: &[Effect]) -> HashMap<(&str, &str), usize> {
    let mut counts = HashMap::new();
    for effect in effects {
        *counts.entry(identity(effect)).or_default() += 1;
    }
    counts
}

fn first_times(effects: &[Effect]) -> Vec<(&str, &str)> {
    let mut seen = std::collections::HashSet::new();
    effects.iter().map(identity).filter(|effect| seen.insert(*effect)).collect()
}
