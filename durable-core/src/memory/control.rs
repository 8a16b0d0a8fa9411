//! What people ask of executions that have stopped: to go on (X4).

use super::{execution::Execution, state::State};
use crate::store::{ExecutionId, HistoryKind, Millis, RedriveError, Row, Status};

impl State {
    pub(super) fn redrive(&mut self, id: &ExecutionId) -> Result<(), RedriveError> {
        let row = self.by_id.get(id).copied();
        let Some((row, execution)) = row.and_then(|row| Some((row, self.executions.get_mut(&row)?))) else {
            return Err(RedriveError::UnknownExecution(id.clone()));
        };
        let status = execution.status;
        if !matches!(status, Status::Failed | Status::SetAside) {
            return Err(RedriveError::NotStopped { id: id.clone(), status });
        }
        // Its end came first. What was set aside has not ended: there the request stands.
        if status == Status::Failed {
            execution.control = None;
        }
        execution.go_on_again(self.now, HistoryKind::Redriven, String::new());
        self.make_ready(row);
        Ok(())
    }

    fn make_ready(&mut self, row: Row) {
        let Some(execution) = self.executions.get_mut(&row) else { return };
        execution.status = Status::Ready;
        self.due.set_wake(execution, Some(self.now));
        self.notices.work_ready = true;
    }
}

impl Execution {
    /// Its end was none: the counts begin anew, and the operation of its await point runs again.
    fn go_on_again(&mut self, now: Millis, kind: HistoryKind, detail: String) {
        if let Some(end) = self.end() {
            self.keep_in_mind(end);
        }
        self.finished = None;
        self.output = None;
        self.epoch += 1;
        self.fence += 1;
        self.crashes = 0;
        for frame in self.frames.values_mut().filter(|frame| frame.failed > 0) {
            // Only retries have failed before: what is due is no timer.
            frame.due = None;
            frame.failed = 0;
        }
        self.remember(now, kind, detail);
    }
}
