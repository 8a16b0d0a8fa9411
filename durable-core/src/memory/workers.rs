//! Who has joined, who is dead, and what each owns (K3).

use super::{execution::Execution, state::State};
use crate::store::{Beat, BuildId, Row, Status, StoreError, WorkerId};
use std::collections::{BTreeSet, HashMap};

#[derive(Default)]
pub(super) struct Workers {
    last: i64,
    joined: HashMap<WorkerId, Worker>,
}

struct Worker {
    name: String,
    build: BuildId,
    dead: bool,
    owned: BTreeSet<Row>,
}

impl Workers {
    pub(super) fn join(&mut self, name: String, build: BuildId) -> WorkerId {
        self.last += 1;
        let id = WorkerId(self.last);
        self.joined.insert(id, Worker { name, build, dead: false, owned: BTreeSet::new() });
        id
    }

    pub(super) fn kill(&mut self, worker: WorkerId) {
        if let Some(worker) = self.joined.get_mut(&worker) {
            worker.dead = true;
        }
    }

    pub(super) fn is_alive(&self, worker: WorkerId) -> bool {
        self.joined.get(&worker).is_some_and(|worker| !worker.dead)
    }

    pub(super) fn name(&self, worker: WorkerId) -> &str {
        self.joined.get(&worker).map_or("", |worker| &worker.name)
    }

    /// The build without a name is everyone's of whom nothing is known any more.
    pub(super) fn build(&self, worker: WorkerId) -> BuildId {
        self.joined.get(&worker).map(|worker| worker.build.clone()).unwrap_or_default()
    }

    /// Gives an execution to a worker, or to nobody.
    pub(super) fn set_owner(&mut self, execution: &mut Execution, owner: Option<WorkerId>) {
        if let Some(old) = execution.owner.and_then(|old| self.joined.get_mut(&old)) {
            old.owned.remove(&execution.row);
        }
        execution.owner = owner;
        if let Some(new) = owner.and_then(|new| self.joined.get_mut(&new)) {
            new.owned.insert(execution.row);
        }
    }
}

impl State {
    pub(super) fn beat(&mut self, worker: WorkerId) -> Result<Beat, StoreError> {
        if !self.workers.is_alive(worker) {
            return Err(StoreError::WorkerLost);
        }
        Ok(Beat { taken_over: self.reap() })
    }

    /// Makes due what dead workers own. The owner stays on the row: that is how the claim knows of the crash, and how the
    /// commit of a worker that only stalled still counts until then.
    pub(super) fn reap(&mut self) -> u64 {
        let mut taken_over = 0;
        let dead = self.workers.joined.values().filter(|worker| worker.dead);
        let rows: Vec<Row> = dead.flat_map(|worker| worker.owned.iter().copied()).collect();
        for row in rows {
            if let Some(execution) = self.executions.get_mut(&row)
                && execution.wake.is_none()
            {
                execution.status = Status::Ready;
                self.due.set_wake(execution, Some(self.now));
                taken_over += 1;
            }
        }
        self.workers.joined.retain(|_, worker| !worker.dead || !worker.owned.is_empty());
        self.notices.work_ready |= taken_over > 0;
        taken_over
    }

    pub(super) fn leave(&mut self, worker: WorkerId) {
        let owned = self.workers.joined.get(&worker).map(|worker| worker.owned.clone());
        for row in owned.unwrap_or_default() {
            self.give_back(row);
        }
        self.workers.joined.remove(&worker);
    }
}
