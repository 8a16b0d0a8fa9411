//! Starts, events and requests: what clients write (E1, E5, K2, X1).

use super::{execution::Execution, state::State};
use crate::store::{
    Control, ExecutionId, HistoryKind, Row, SendError, SendRequest, Sent, StartRequest, Started, Status,
    StoreError,
};

/// The longest event id.
const EVENT_ID_BYTES_MAX: usize = 256;

impl State {
    pub(super) fn start(&mut self, request: StartRequest) -> Result<Started, StoreError> {
        self.check_size(|| format!("the input of execution `{}`", request.id), request.snapshot.len())?;
        self.check_large(&request.large)?;
        let workflow = self.registry.workflow(request.queue)?;
        if let Some(existing) = self.find(&request.id) {
            let workflow = if existing.queue == request.queue {
                workflow
            } else {
                self.registry.workflow(existing.queue)?
            };
            return Ok(Started::Existing {
                workflow: workflow.to_owned(),
                status: existing.status,
                input: existing.input.to_vec(),
                schema: existing.input_schema,
            });
        }
        Ok(Started::New(self.insert(request)))
    }

    fn insert(&mut self, request: StartRequest) -> Option<Box<crate::store::Claimed>> {
        // Rows are never removed, so their count is the last number given.
        let row = Row::try_from(self.executions.len()).unwrap_or(Row::MAX).saturating_add(1);
        // A worker that was given up since it reserved the place gets nothing; the execution is for the others.
        let owner = request.claim_for.filter(|worker| self.workers.is_alive(*worker));
        let id = request.id.clone();
        let execution = self.executions.entry(row).or_insert(Execution::new(row, request, self.now));
        self.by_id.insert(id, row);
        if owner.is_some() {
            execution.fence = 1;
            execution.status = Status::Running;
            self.workers.set_owner(execution, owner);
            Some(Box::new(execution.claimed(self.now)))
        } else {
            self.due.set_wake(execution, Some(self.now));
            self.notices.work_ready = true;
            None
        }
    }

    /// A known id comes before the quota: the retry of a send that was acknowledged must not hear that it was refused.
    pub(super) fn send(&mut self, request: SendRequest) -> Result<Sent, SendError> {
        let SendRequest { execution: id, event_id, name, payload } = request;
        if event_id.len() > EVENT_ID_BYTES_MAX {
            let (bytes, max) = (event_id.len() as u64, EVENT_ID_BYTES_MAX as u64);
            let what = format!("the id of event `{name}` for execution `{id}`");
            return Err(StoreError::PayloadTooLarge { what, bytes, max }.into());
        }
        self.check_size(|| format!("event `{name}` for execution `{id}`"), payload.len())?;
        let row = self.by_id.get(&id);
        let Some(execution) = row.and_then(|row| self.executions.get_mut(row)) else {
            return Err(SendError::UnknownExecution(id));
        };
        if execution.status.is_terminal() {
            return Err(SendError::Finished { id, status: execution.status });
        }
        execution.mailbox.forget_old_ids(self.now);
        if execution.mailbox.knows(&event_id) {
            return Ok(Sent::Duplicate);
        }
        let waiting = execution.mailbox.waiting();
        if waiting >= self.limits.event_quota {
            return Err(SendError::OverQuota { id, waiting });
        }
        let wakes = execution.status == Status::Parked && execution.waits_for(&name);
        execution.mailbox.insert(event_id, name, payload);
        if wakes {
            self.due.set_wake(execution, Some(self.now));
            self.notices.work_ready = true;
        }
        Ok(Sent::Accepted)
    }

    pub(super) fn cancel(&mut self, id: &ExecutionId) -> Result<bool, StoreError> {
        let row = self.by_id.get(id);
        let Some(execution) = row.and_then(|row| self.executions.get_mut(row)) else {
            return Err(StoreError::UnknownExecution(id.clone()));
        };
        if execution.status.is_terminal() {
            return Ok(false);
        }
        if execution.control.is_none() {
            execution.control = Some(Control::Cancel);
            execution.remember(self.now, HistoryKind::CancelRequested, String::new());
        }
        // Whoever owns it reads the request with its next commit, or hears of it where it waits; what nobody owns is claimed for it. That goes for one
        // that was set aside, too: its value may be unreadable, but to cancel it nobody need read it.
        if execution.owner.is_none() {
            self.due.set_wake(execution, Some(self.now));
            self.notices.work_ready = true;
        }
        self.notices.requested.push(id.clone());
        Ok(true)
    }
}
