//! Claims and releases (K1, A1, A2).

use super::{due::Class, execution::Execution, state::State};
use crate::store::{
    ClaimRequest, Claimed, Claims, HistoryKind, Millis, QueueId, Release, Row, Status, StoreError, WorkerId,
};
use std::time::Duration;

impl State {
    /// Refuses a worker that was given up: nobody would ever take over what it claims.
    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Result<Claims, StoreError> {
        if !self.workers.is_alive(request.worker) {
            return Err(StoreError::WorkerLost);
        }
        let mut queues: Vec<QueueId> = Vec::with_capacity(request.queues.len());
        for queue in &request.queues {
            if !queues.contains(queue) {
                queues.push(*queue);
            }
        }
        let build = self.workers.build(request.worker);
        let pick = |class, limit| {
            let may_take = |row| match self.executions.get(&row) {
                Some(execution) => {
                    !execution.has_frame_at(&request.unreadable) && !execution.is_left_to_others_than(&build)
                }
                None => true,
            };
            self.due.pick(&queues, class, limit, self.now, &may_take)
        };
        let (mut rows, more_ordinary) = pick(Class::Ordinary, request.limit);
        let (fragile, more_fragile) = pick(Class::Fragile, request.fragile);
        rows.extend(fragile);
        if rows.is_empty() && request.alone {
            rows.extend(pick(Class::Suspect, 1).0);
        }
        let claimed = rows.into_iter().filter_map(|row| self.take(row, request.worker)).collect();
        // What the request had no room for at all is no reason to ask again at once.
        let more = (more_ordinary && request.limit > 0) || (more_fragile && request.fragile > 0);
        let next_wake = if more { Some(Duration::ZERO) } else { self.next_wake(&queues) };
        Ok(Claims { claimed, next_wake })
    }

    fn next_wake(&self, queues: &[QueueId]) -> Option<Duration> {
        let wake = queues.iter().filter_map(|queue| self.due.next_wake(*queue, self.now)).min()?;
        Some(Duration::from_millis(wake - self.now))
    }

    fn take(&mut self, row: Row, worker: WorkerId) -> Option<Claimed> {
        let execution = self.executions.get_mut(&row)?;
        if let Some(dead) = execution.owner {
            execution.crashes = execution.crashes.saturating_add(1);
            let from = self.workers.name(dead).to_owned();
            execution.remember(self.now, HistoryKind::TakenOver, from);
        }
        execution.fence += 1;
        execution.status = Status::Running;
        // An execution that was set aside and is claimed again, to be cancelled, has not ended any more.
        execution.finished = None;
        execution.set_aside_by = None;
        self.workers.set_owner(execution, Some(worker));
        self.due.set_wake(execution, None);
        Some(execution.claimed(self.now))
    }

    pub(super) fn release(&mut self, release: Release) {
        let execution = self.executions.get(&release.row);
        if execution.is_some_and(|execution| execution.fence == release.fence && execution.owner.is_some()) {
            self.give_back(release.row);
        }
    }

    /// Takes the owner off a row and makes it due: a clean end of a claim.
    pub(super) fn give_back(&mut self, row: Row) {
        let Some(execution) = self.executions.get_mut(&row) else { return };
        let wake = wake_after_release(execution).unwrap_or(self.now);
        execution.status = if wake <= self.now { Status::Ready } else { Status::Parked };
        self.workers.set_owner(execution, None);
        self.due.set_wake(execution, Some(wake));
        // A release that is due later tells, too: whoever sleeps until the next wake may have to rise earlier.
        self.notices.work_ready = true;
    }
}

/// The earliest deadline, if every frame waits for one and for nothing else; `None` means at once. An event may have come
/// while the execution was running and then woke nobody, so a wait for events is looked at again.
fn wake_after_release(execution: &Execution) -> Option<Millis> {
    let only_timers = execution.frames.values().all(|frame| frame.due.is_some() && frame.event.is_none());
    execution.earliest_due().filter(|_| only_timers && execution.control.is_none())
}
