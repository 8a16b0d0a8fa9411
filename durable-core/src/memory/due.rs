//! The ordered index of what is due: one set for each queue and crash class, ordered by priority (highest first), wake
//! and row. A claim is a seek in it, however much waits.

use super::execution::Execution;
use crate::store::{Millis, QueueId, Row};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    ops::Bound::{Excluded, Unbounded},
};

/// How a claim treats an execution, by the crashes it will have when claimed (A2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Class {
    /// Fewer than 2.
    Ordinary,
    /// Exactly 2: a few at a time.
    Fragile,
    /// 3 or more: alone in its worker.
    Suspect,
}

impl Class {
    pub(super) const ALL: [Self; 3] = [Self::Ordinary, Self::Fragile, Self::Suspect];

    /// An owner on a row that is due is a dead one, so its claim will count one crash more.
    fn of(execution: &Execution) -> Self {
        match execution.crashes.saturating_add(u32::from(execution.owner.is_some())) {
            0..=1 => Self::Ordinary,
            2 => Self::Fragile,
            3.. => Self::Suspect,
        }
    }
}

type Key = (Reverse<i32>, Millis, Row);

#[derive(Default)]
pub(super) struct DueIndex {
    sets: HashMap<(QueueId, Class), BTreeSet<Key>>,
}

impl DueIndex {
    /// Sets or clears when an execution is due. Its owner and crashes must be final by now: they decide its class.
    pub(super) fn set_wake(&mut self, execution: &mut Execution, wake: Option<Millis>) {
        if let Some(old) = execution.wake
            && let Some(set) = self.sets.get_mut(&(execution.queue, execution.class))
        {
            set.remove(&(Reverse(execution.priority), old, execution.row));
        }
        execution.wake = wake;
        if let Some(wake) = wake {
            execution.class = Class::of(execution);
            let set = self.sets.entry((execution.queue, execution.class)).or_default();
            set.insert((Reverse(execution.priority), wake, execution.row));
        }
    }

    /// Up to `limit` due rows of a class that may be taken, one from each queue in turn, and whether more are due.
    pub(super) fn pick(
        &self,
        queues: &[QueueId],
        class: Class,
        limit: u32,
        now: Millis,
        may_take: &dyn Fn(Row) -> bool,
    ) -> (Vec<Row>, bool) {
        let limit = limit as usize;
        let mut picked = Vec::new();
        let mut open: Vec<_> = queues
            .iter()
            .filter_map(|queue| self.sets.get(&(*queue, class)))
            .map(|set| (set, None))
            .collect();
        while !open.is_empty() {
            let mut more = false;
            open.retain_mut(|(set, last)| {
                let next = loop {
                    let Some(next) = next_due(set, *last, now) else { return false };
                    if may_take(next.2) {
                        break next;
                    }
                    *last = Some(next);
                };
                match picked.len() < limit {
                    true => picked.push(next.2),
                    false => more = true,
                }
                *last = Some(next);
                true
            });
            if more {
                return (picked, true);
            }
        }
        (picked, false)
    }

    /// The earliest wake after `now` in a queue.
    pub(super) fn next_wake(&self, queue: QueueId, now: Millis) -> Option<Millis> {
        let sets = Class::ALL.iter().filter_map(|class| self.sets.get(&(queue, *class)));
        sets.filter_map(|set| earliest_after(set, now)).min()
    }
}

/// The next due key behind `last`. A key that is not due ends its priority, so the seek goes on with the next one.
fn next_due(set: &BTreeSet<Key>, last: Option<Key>, now: Millis) -> Option<Key> {
    let mut after = last.map_or(Unbounded, Excluded);
    loop {
        let key @ (priority, wake, _) = *set.range((after, Unbounded)).next()?;
        if wake <= now {
            return Some(key);
        }
        after = Excluded((priority, Millis::MAX, Row::MAX));
    }
}

fn earliest_after(set: &BTreeSet<Key>, now: Millis) -> Option<Millis> {
    let mut earliest: Option<Millis> = None;
    let mut priority = set.first()?.0;
    loop {
        let waiting = set.range((Excluded((priority, now, Row::MAX)), Unbounded)).next();
        if let Some((_, wake, _)) = waiting.filter(|key| key.0 == priority) {
            earliest = Some(earliest.map_or(*wake, |earliest| earliest.min(*wake)));
        }
        match set.range((Excluded((priority, Millis::MAX, Row::MAX)), Unbounded)).next() {
            Some(next) => priority = next.0,
            None => return earliest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &[(i32, Millis, Row)]) -> BTreeSet<Key> {
        keys.iter().map(|(priority, wake, row)| (Reverse(*priority), *wake, *row)).collect()
    }

    #[test]
    fn due_keys_come_by_priority_then_wake_and_skip_what_sleeps() {
        let set = set(&[(0, 5, 1), (0, 90, 2), (7, 9, 3), (7, 80, 4), (9, 70, 5), (0, 5, 6)]);
        let mut last = None;
        let mut rows = Vec::new();
        while let Some(key) = next_due(&set, last, 10) {
            rows.push(key.2);
            last = Some(key);
        }
        assert_eq!(rows, [3, 1, 6]);
    }

    #[test]
    fn earliest_wake_is_found_across_priorities() {
        let set = set(&[(0, 5, 1), (0, 60, 2), (7, 80, 4), (9, 70, 5)]);
        assert_eq!(earliest_after(&set, 10), Some(60));
        assert_eq!(earliest_after(&set, 60), Some(70));
        assert_eq!(earliest_after(&set, 80), None);
        assert_eq!(earliest_after(&BTreeSet::new(), 0), None);
    }
}
