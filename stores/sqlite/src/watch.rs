//! Foreign writes: another process on the same file is noticed by polling, as SQLite has no notification (G4).

use durable_core::store::Local;
use rusqlite::Connection;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(20);
/// How long the writer sleeps when nobody watches. A hint from the store's handle cuts it short.
const UNWATCHED: Duration = Duration::from_secs(1);
/// After a hint someone is *about to* watch: a few rounds before that is believed or not.
const GRACE: Duration = Duration::from_secs(2);

/// `PRAGMA data_version` on the *writer's* connection: it changes with every commit except this connection's own, so within
/// a process nothing is seen, and nothing polls.
#[derive(Default)]
pub(crate) struct Watch {
    seen: Option<i64>,
    polled: Option<Instant>,
    watched: Option<Instant>,
}

impl Watch {
    /// Nothing that happened before a store was opened is news to it.
    pub(crate) fn beginning_now(conn: &Connection) -> Self {
        Self { seen: version(conn), ..Self::default() }
    }

    /// Looks, if it is time to. Returns whether the next look is due in [`INTERVAL`].
    pub(crate) fn poll(&mut self, conn: Option<&Connection>, local: &Local) -> bool {
        let now = Instant::now();
        if self.polled.is_some_and(|at| now.duration_since(at) < INTERVAL) {
            return true;
        }
        if local.is_watched() {
            self.watched = Some(now);
        }
        if self.watched.is_none_or(|at| now.duration_since(at) > GRACE) {
            return false;
        }
        self.polled = Some(now);
        if let Some(version) = conn.and_then(version) {
            // The version seen before nobody watched is kept: what came since then may be news to those who watch now.
            if self.seen.replace(version) != Some(version) {
                local.changed_elsewhere();
            }
        }
        true
    }

    /// Someone asked for [`Local`], and may register there in a moment.
    pub(crate) fn hint(&mut self) {
        self.watched = Some(Instant::now());
    }

    /// How long the writer may sleep. A file that was lost is reopened soon, though nobody writes: readers wait for it.
    pub(crate) fn idle(watched: bool, lost: bool) -> Duration {
        if watched || lost { INTERVAL } else { UNWATCHED }
    }
}

fn version(conn: &Connection) -> Option<i64> {
    conn.prepare_cached("PRAGMA data_version").ok()?.query_row([], |r| r.get(0)).ok()
}
