//! Executions that have stopped go on: because people ask for it (X4), or because another build has come (Versions). And edits of what
//! has been saved (X3).

use super::{execution::Execution, state::State};
use crate::store::{
    EditError, EditRequest, ExecutionId, HistoryKind, Millis, Reconsider, RedriveError, Row, Status,
    StoreError,
};

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
        execution.set_aside_by = None;
        execution.go_on_again(self.now, HistoryKind::Redriven, String::new());
        self.make_ready(row);
        Ok(())
    }

    pub(super) fn reconsider(&mut self, request: &Reconsider) -> Result<u64, StoreError> {
        if !self.workers.is_alive(request.worker) {
            return Err(StoreError::WorkerLost);
        }
        let build = self.workers.build(request.worker);
        let is_for_us = |execution: &&Execution| {
            execution.status == Status::SetAside
                && execution.wake.is_none()
                && execution.set_aside_by.as_ref().is_some_and(|other| *other != build)
                && request.queues.contains(&execution.queue)
                && !execution.has_frame_at(&request.unreadable)
        };
        let found = self.executions.values().filter(is_for_us).map(|execution| execution.row);
        let rows: Vec<Row> = found.take(request.limit as usize).collect();
        for row in &rows {
            if let Some(execution) = self.executions.get_mut(row) {
                execution.go_on_again(self.now, HistoryKind::Reconsidered, build.to_string());
            }
            self.make_ready(*row);
        }
        Ok(rows.len() as u64)
    }

    pub(super) fn edit(&mut self, request: EditRequest) -> Result<(), EditError> {
        let EditRequest { id, epoch, frames, large, note } = request;
        for (frame, snapshot) in &frames {
            self.check_size(|| format!("the snapshot of frame {frame}"), snapshot.len())?;
        }
        self.check_large(&large)?;
        let row = self.by_id.get(&id);
        let Some(execution) = row.and_then(|row| self.executions.get_mut(row)) else {
            return Err(EditError::UnknownExecution(id));
        };
        match execution.status {
            status if status.is_at_rest() => {}
            status if status.is_terminal() => return Err(EditError::Ended { id, status }),
            status => return Err(EditError::Running { id, status }),
        }
        let are_there = frames.iter().all(|(frame, _)| execution.frames.contains_key(frame));
        if execution.epoch != epoch || !are_there {
            return Err(EditError::Moved { id });
        }
        execution.tell_end();
        for (frame, edited) in frames {
            if let Some(frame) = execution.frames.get_mut(&frame) {
                frame.snapshot = edited;
            }
        }
        execution.large.extend(large.into_iter().map(|field| (field.content, field.bytes)));
        execution.sweep_large();
        execution.epoch += 1;
        execution.fence += 1;
        execution.run += 1;
        execution.remember(self.now, HistoryKind::Edited, note);
        Ok(())
    }

    pub(super) fn make_ready(&mut self, row: Row) {
        let Some(execution) = self.executions.get_mut(&row) else { return };
        execution.status = Status::Ready;
        self.due.set_wake(execution, Some(self.now));
        self.notices.work_ready = true;
    }
}

impl Execution {
    /// Its end was none: the counts begin anew, and the operation of its await point runs again.
    fn go_on_again(&mut self, now: Millis, kind: HistoryKind, detail: String) {
        self.tell_end();
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
