//! Commits: compare-and-swap on epoch and fence, then all of it or nothing (C1).

use super::{execution::Execution, state::LOCATION, state::State, state::later};
use crate::store::{
    Commit, CommitError, Committed, FrameWrite, HistoryKind, Next, Outcome, Park, Row, Status, StoreError,
};

impl State {
    pub(super) fn commit(&mut self, commit: Commit) -> Result<Committed, CommitError> {
        self.check_sizes(&commit)?;
        let now = self.now;
        let Some(execution) = self.executions.get_mut(&commit.row).filter(|row| holds(row, &commit)) else {
            return Err(CommitError::Fenced);
        };
        check_frames(execution, &commit)?;
        let saves_root = commit.root.as_ref().is_some_and(|root| root.snapshot.is_some());
        let keeps = if saves_root && !matches!(commit.next, Next::Finish(_)) { commit.keep } else { 0 };

        let keep_due = matches!(&commit.next, Next::Park(park) if park.keep_due);
        execution.epoch += 1;
        execution.add_large(commit.large);
        for write in commit.root.into_iter().chain(commit.frames) {
            execution.write_frame(write, now, keep_due);
        }
        for frame in &commit.closed {
            execution.frames.remove(frame);
        }
        if let Some(next_frame) = commit.next_frame {
            execution.next_frame = next_frame;
        }
        for seq in &commit.consumed {
            execution.mailbox.consume(*seq, now);
        }
        execution.mailbox.forget_old_ids(now);
        if let Some(queue) = commit.queue {
            // Another place in the index.
            let wake = execution.wake;
            self.due.set_wake(execution, None);
            execution.queue = queue;
            self.due.set_wake(execution, wake);
        }
        let sweeps = execution.keep(keeps, now) || commit.sweep;
        let control = execution.control;
        match commit.next {
            Next::Run => self.keep_running(commit.row),
            Next::Park(park) => self.park(commit.row, park),
            Next::Yield => self.give_up(commit.row),
            Next::FailedAttempt { error } => record_failure(execution, now, error),
            Next::Finish(outcome) => self.finish(commit.row, outcome),
        }
        if sweeps && let Some(execution) = self.executions.get_mut(&commit.row) {
            execution.sweep_large();
        }
        Ok(Committed { control })
    }

    fn check_sizes(&self, commit: &Commit) -> Result<(), StoreError> {
        for FrameWrite { frame, snapshot, .. } in commit.root.iter().chain(&commit.frames) {
            let bytes = snapshot.as_ref().map_or(0, |(_, snapshot)| snapshot.len());
            self.check_size(|| format!("the snapshot of frame {frame}"), bytes)?;
        }
        self.check_large(&commit.large)?;
        match &commit.next {
            Next::Finish(Outcome { output: Some(output), .. }) => {
                self.check_size(|| "the output".to_owned(), output.len())
            }
            _ => Ok(()),
        }
    }

    /// `wake` is not touched: if the row is due, its worker was given up, and the row stays claimable.
    fn keep_running(&mut self, row: Row) {
        let Some(execution) = self.executions.get_mut(&row) else { return };
        execution.crashes = 0;
        // Fewer crashes may mean another place in the index.
        let wake = execution.wake;
        self.due.set_wake(execution, wake);
    }

    /// Due at once, for whoever claims it.
    fn give_up(&mut self, row: Row) {
        let Some(execution) = self.executions.get_mut(&row) else { return };
        execution.crashes = 0;
        execution.status = Status::Ready;
        self.workers.set_owner(execution, None);
        self.due.set_wake(execution, Some(self.now));
        self.notices.work_ready = true;
    }

    fn park(&mut self, row: Row, park: Park) {
        let Some(execution) = self.executions.get_mut(&row) else { return };
        let must_look = execution.control.is_some() || execution.mailbox.mail() != park.mail;
        let wake = match (must_look, park.keep_due) {
            (true, _) => Some(self.now),
            (false, true) => execution.earliest_due(),
            (false, false) => park.wake.map(|wake| later(self.now, wake)),
        };
        match park.error {
            Some(error) => record_failure(execution, self.now, error),
            None => execution.crashes = 0,
        }
        execution.status = Status::Parked;
        self.workers.set_owner(execution, None);
        self.due.set_wake(execution, wake);
        // Also of a deadline to come: it may be before the one that a worker sleeps until.
        self.notices.work_ready |= wake.is_some();
        if !park.keep_due {
            let event = execution.frames.values().find_map(|frame| frame.event.clone());
            let schema = execution.frames.values().next_back().map(|frame| frame.schema);
            let point =
                || schema.and_then(|schema| self.registry.schema(schema)).map(|row| row.point.name.clone());
            let detail = event.or_else(point).unwrap_or_default();
            execution.remember(self.now, HistoryKind::Parked, detail);
        }
    }

    fn finish(&mut self, row: Row, outcome: Outcome) {
        let Some(execution) = self.executions.get_mut(&row) else { return };
        execution.status = outcome.status;
        execution.output = outcome.output;
        execution.error = outcome.error;
        execution.finished = Some(self.now);
        execution.set_aside_by = (outcome.status == Status::SetAside)
            .then(|| execution.owner.map(|owner| self.workers.build(owner)).unwrap_or_default());
        if matches!(outcome.status, Status::Succeeded | Status::Cancelled) {
            execution.frames.clear();
            execution.mailbox.close();
        }
        self.workers.set_owner(execution, None);
        self.due.set_wake(execution, None);
        self.notices.finished.push(execution.id.clone());
    }
}

/// Whether the writer still holds the execution (C1).
fn holds(execution: &Execution, commit: &Commit) -> bool {
    execution.epoch == commit.epoch && execution.fence == commit.fence && !execution.status.is_terminal()
}

/// A frame without a snapshot could never be resumed, so one that is opened must bring it.
fn check_frames(execution: &Execution, commit: &Commit) -> Result<(), StoreError> {
    let mut writes = commit.root.iter().chain(&commit.frames);
    match writes.find(|write| write.snapshot.is_none() && !execution.frames.contains_key(&write.frame)) {
        None => Ok(()),
        Some(write) => Err(StoreError::Corrupt {
            location: LOCATION.to_owned(),
            reason: format!(
                "frame {} of execution `{}` has no snapshot, and the commit brings none",
                write.frame, execution.id
            ),
        }),
    }
}

fn record_failure(execution: &mut Execution, now: u64, error: String) {
    execution.remember(now, HistoryKind::FailedAttempt, error.clone());
    execution.error = Some(error);
}
