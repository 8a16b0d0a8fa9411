//! What executions have handed in and no group has taken yet.

use crate::seat::Seat;
use durable_core::store::Commit;
use std::sync::Arc;

/// Members of one group (G1).
pub(super) const GROUP_MEMBERS_MAX: usize = 1_000;
/// Snapshot bytes of one group (G1).
const GROUP_BYTES_MAX: usize = 8 << 20;

#[derive(Default)]
pub(super) struct Outbox {
    commits: Vec<Commit>,
    seats: Vec<Arc<Seat>>,
    bytes: usize,
}

/// What goes to the store together, and who waits for the answers.
pub(super) struct Group {
    pub(super) commits: Vec<Commit>,
    pub(super) seats: Vec<Arc<Seat>>,
}

impl Outbox {
    pub(super) fn push(&mut self, commit: Commit, seat: Arc<Seat>) {
        self.bytes += bytes_of(&commit);
        self.commits.push(commit);
        self.seats.push(seat);
    }

    pub(super) fn len(&self) -> usize {
        self.commits.len()
    }

    /// One group from the front. What comes next finds as much room as this had, so that nothing is moved as it grows.
    pub(super) fn take(&mut self) -> Group {
        let members = if self.commits.len() <= GROUP_MEMBERS_MAX && self.bytes <= GROUP_BYTES_MAX {
            self.commits.len()
        } else {
            first_group(&self.commits)
        };
        let rest = self.commits.len() - members;
        let mut commits = Vec::with_capacity(members.max(rest));
        commits.extend(self.commits.drain(members..));
        let mut seats = Vec::with_capacity(members.max(rest));
        seats.extend(self.seats.drain(members..));
        self.bytes = commits.iter().map(bytes_of).sum();
        Group {
            commits: std::mem::replace(&mut self.commits, commits),
            seats: std::mem::replace(&mut self.seats, seats),
        }
    }
}

fn bytes_of(commit: &Commit) -> usize {
    let frames = commit.root.iter().chain(&commit.frames);
    frames.filter_map(|frame| frame.snapshot.as_ref()).map(|(_, snapshot)| snapshot.len()).sum()
}

/// How many from the front make one group: at least one.
fn first_group(commits: &[Commit]) -> usize {
    let mut bytes = 0;
    let fits = |commit: &&Commit| {
        bytes += bytes_of(commit);
        bytes <= GROUP_BYTES_MAX
    };
    commits.iter().take(GROUP_MEMBERS_MAX).take_while(fits).count().max(1)
}
