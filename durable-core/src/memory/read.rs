//! What people and tools read: records, outcomes, lists and history.

use super::{execution::Execution, state::State};
use crate::store::{
    ExecutionId, ExecutionRecord, Filter, HistoryEntry, HistoryKind, Outcome, QueueId, Status, StoreError,
};
use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

/// How many executions a list gives when the filter does not say.
const LIST_LIMIT: usize = 100;

impl State {
    pub(super) fn record(&self, id: &ExecutionId) -> Option<ExecutionRecord> {
        self.find(id).map(|execution| self.record_of(execution))
    }

    pub(super) fn outcome(&self, id: &ExecutionId) -> Result<Option<Outcome>, StoreError> {
        let execution = self.find(id).ok_or_else(|| StoreError::UnknownExecution(id.clone()))?;
        Ok(execution.finished.map(|_| Outcome {
            status: execution.status,
            output: execution.output.clone(),
            error: execution.error.clone(),
        }))
    }

    pub(super) fn list(&self, filter: &Filter) -> Vec<ExecutionRecord> {
        self.listed(filter).map(|execution| self.record_of(execution)).collect()
    }

    pub(super) fn list_ids(&self, filter: &Filter) -> Vec<ExecutionId> {
        self.listed(filter).map(|execution| execution.id.clone()).collect()
    }

    fn listed<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = &'a Execution> {
        let after = filter.after.as_ref().map_or(Unbounded, Excluded);
        let rows = self.by_id.range::<ExecutionId, _>((after, Unbounded)).map(|(_, row)| row);
        rows.filter_map(|row| self.executions.get(row))
            .filter(move |execution| filter.status.is_none_or(|status| execution.status == status))
            .filter(move |execution| {
                filter.workflow.as_deref().is_none_or(|name| self.workflow_of(execution) == name)
            })
            .take(if filter.limit == 0 { LIST_LIMIT } else { filter.limit as usize })
    }

    pub(super) fn unfinished(&self, workflow: &str) -> Vec<(QueueId, u64)> {
        let mut counts = BTreeMap::new();
        for execution in self.executions.values() {
            let unfinished = execution.finished.is_none() || execution.status == Status::SetAside;
            if unfinished && self.workflow_of(execution) == workflow {
                *counts.entry(execution.queue).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }

    /// The start and the end are read off the row; between them stands what was remembered.
    pub(super) fn history(&self, id: &ExecutionId) -> Result<Vec<HistoryEntry>, StoreError> {
        let execution = self.find(id).ok_or_else(|| StoreError::UnknownExecution(id.clone()))?;
        let started = HistoryEntry {
            at: execution.created,
            epoch: 0,
            kind: HistoryKind::Started,
            detail: self.workflow_of(execution).to_owned(),
        };
        let finished = execution.end().filter(|_| !execution.end_is_told());
        Ok(std::iter::once(started).chain(execution.history.iter().cloned()).chain(finished).collect())
    }

    fn workflow_of(&self, execution: &Execution) -> &str {
        // A start refuses an unregistered queue, and queues are never removed.
        self.registry.workflow(execution.queue).unwrap_or_default()
    }

    fn record_of(&self, execution: &Execution) -> ExecutionRecord {
        ExecutionRecord {
            row: execution.row,
            id: execution.id.clone(),
            workflow: self.workflow_of(execution).to_owned(),
            queue: execution.queue,
            status: execution.status,
            epoch: execution.epoch,
            fence: execution.fence,
            instance: execution.instance,
            run: execution.run,
            crashes: execution.crashes,
            control: execution.control.filter(|_| !execution.status.is_terminal()),
            wake: execution.wake,
            created: execution.created,
            finished: execution.finished,
            error: execution.error.clone(),
            set_aside_by: execution.set_aside_by.clone(),
            frames: execution.frames.iter().map(|(number, frame)| frame.record(*number)).collect(),
        }
    }
}
