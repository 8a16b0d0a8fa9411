//! The places for hot executions: how many there are, who sits in them, and when the claim loop must look again (K1, A2).

use crate::seat::Seat;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// At most this many executions with exactly 2 crashes run at once (A2).
const FRAGILE_MAX: usize = 8;
/// At most this many are asked for in one claim, so that a claim is a short transaction.
const CLAIM_MAX: usize = 1_000;

pub(crate) struct Places {
    state: Mutex<State>,
    max: usize,
    /// Something may be claimable, or a place is free for what was left out.
    pub(crate) look: Notify,
    /// No execution is hot.
    empty: Notify,
}

#[derive(Default)]
struct State {
    /// Places taken: by executions, by claims on their way, by starts on their way.
    taken: usize,
    fragile: usize,
    /// An execution that may have killed its processes runs, and must be alone.
    suspect: bool,
    /// No new places are given for now.
    closed: bool,
    /// Nor ever again.
    shut: bool,
    /// Counts the times everything was dropped; what was claimed before is not run after.
    generation: u64,
    last_key: u64,
    hot: HashMap<u64, Hot>,
    left_out: LeftOut,
}

/// An execution in memory.
struct Hot {
    generation: u64,
    seat: Option<Arc<Seat>>,
}

/// What the last claim could not ask for: a place that makes it possible wakes the claim loop.
#[derive(Default)]
struct LeftOut {
    ordinary: bool,
    fragile: bool,
    alone: bool,
}

/// What a claim may ask for. The places are taken until [`Places::settle`].
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) limit: u32,
    pub(crate) fragile: u32,
    pub(crate) alone: bool,
    /// Places taken for it.
    held: usize,
    generation: u64,
}

impl Places {
    pub(crate) fn new(max: usize) -> Self {
        Self { state: Mutex::default(), max, look: Notify::new(), empty: Notify::new() }
    }

    /// What to claim now; `None`: nothing, and a free place will wake the claim loop. `fragile_only` asks for what a claim
    /// for a single place left out.
    pub(crate) fn ask(&self, fragile_only: bool) -> Option<Ask> {
        let mut state = self.lock();
        let room = if state.closed || state.suspect { 0 } else { self.max.saturating_sub(state.taken) };
        state.left_out.ordinary = room == 0;
        if room == 0 {
            return None;
        }
        let fragile_room = FRAGILE_MAX.saturating_sub(state.fragile);
        let fragile = match (fragile_only, room) {
            (true, _) => fragile_room.min(room),
            (false, 1) => 0,
            (false, _) => fragile_room.min(room / 2),
        };
        let limit = if fragile_only { 0 } else { (room - fragile).min(CLAIM_MAX) };
        let alone = state.taken == 0;
        state.left_out.fragile = fragile_room == 0;
        // Until a claim that could have brought one brings nothing at all.
        state.left_out.alone = true;
        let held = (limit + fragile).max(1);
        state.taken += held;
        let generation = state.generation;
        Some(Ask { limit: small(limit), fragile: small(fragile), alone, held, generation })
    }

    /// A claim came back with executions of these crash counts: their places, and the rest is free again. Nothing is given
    /// to what was claimed before everything was dropped.
    pub(crate) fn settle(self: &Arc<Self>, ask: Ask, crashes: &[u32]) -> Vec<Place> {
        let mut state = self.lock();
        state.taken -= ask.held;
        // A start came in while the claim was on its way: what must be alone is given back, and asked for again.
        let crowded = state.taken > 0 && crashes.iter().any(|crashes| *crashes > 2);
        if ask.alone && crashes.is_empty() {
            state.left_out.alone = false;
        }
        let places = match ask.generation == state.generation && !state.closed && !crowded {
            true => crashes.iter().map(|crashes| self.sit(&mut state, *crashes)).collect(),
            false => Vec::new(),
        };
        self.freed(state);
        places
    }

    /// Takes a place for a start in this process (K2). For each `true` there is to be one [`Reserved`], or [`Places::decline`].
    pub(crate) fn reserve(&self) -> bool {
        let mut state = self.lock();
        let room = !(state.closed || state.suspect) && state.taken < self.max;
        state.taken += usize::from(room);
        room
    }

    /// The reserved place is not needed.
    pub(crate) fn decline(&self) {
        let mut state = self.lock();
        state.taken -= 1;
        self.freed(state);
    }

    /// Keeps the seat by which the execution in a place can be dropped.
    pub(crate) fn keep(&self, key: u64, seat: Arc<Seat>) {
        let mut state = self.lock();
        let generation = state.generation;
        match state.hot.get_mut(&key) {
            Some(hot) if hot.generation == generation => hot.seat = Some(seat),
            // Everything was dropped between its claim and now.
            Some(_) => {
                drop(state);
                seat.abort();
            }
            None => {}
        }
    }

    /// Whether others wait for a place (K1).
    pub(crate) fn others_wait(&self) -> bool {
        self.lock().left_out.ordinary
    }

    /// Executions in memory.
    pub(crate) fn hot(&self) -> usize {
        self.lock().hot.len()
    }

    /// Gives no new places for now.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Gives no new places any more.
    pub(crate) fn shut(&self) {
        let mut state = self.lock();
        (state.closed, state.shut) = (true, true);
    }

    /// Gives places again, unless they are shut: who opens them may not know that yet.
    pub(crate) fn open(&self) {
        let mut state = self.lock();
        state.closed = state.shut;
        drop(state);
        self.look.notify_one();
    }

    /// Drops every execution (K4). A running poll ends first; the fence keeps it from writing.
    pub(crate) fn drop_all(&self) {
        let seats: Vec<_> = {
            let mut state = self.lock();
            state.generation += 1;
            state.hot.values_mut().filter_map(|hot| hot.seat.take()).collect()
        };
        seats.iter().for_each(Seat::abort);
    }

    /// Ends when no execution is hot.
    pub(crate) async fn emptied(&self) {
        loop {
            let empty = self.empty.notified();
            if self.hot() == 0 {
                return;
            }
            empty.await;
        }
    }

    fn sit(self: &Arc<Self>, state: &mut State, crashes: u32) -> Place {
        state.taken += 1;
        state.fragile += usize::from(crashes == 2);
        state.suspect |= crashes > 2;
        state.last_key += 1;
        let key = state.last_key;
        let generation = state.generation;
        state.hot.insert(key, Hot { generation, seat: None });
        Place { places: Arc::clone(self), key, crashes }
    }

    /// Wakes whoever waited for what is free now.
    fn freed(&self, state: MutexGuard<'_, State>) {
        let empty = state.hot.is_empty();
        let room = state.taken < self.max && !state.suspect && !state.closed;
        let left_out = &state.left_out;
        let look = room
            && (left_out.ordinary
                || (left_out.fragile && state.fragile < FRAGILE_MAX)
                || (left_out.alone && state.taken == 0));
        drop(state);
        if look {
            self.look.notify_one();
        }
        if empty {
            self.empty.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic half-way runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that was reserved for a start; free again when it is dropped.
pub(crate) struct Reserved {
    places: Option<Arc<Places>>,
    generation: u64,
}

impl Reserved {
    /// For a call of [`Places::reserve`] that gave `true`.
    pub(crate) fn new(places: Arc<Places>) -> Self {
        let generation = places.lock().generation;
        Self { places: Some(places), generation }
    }

    /// Turns the reservation into a place. `None`: nothing new runs any more, or everything was dropped since, and with it what
    /// was started then.
    pub(crate) fn sit(mut self) -> Option<Place> {
        let places = self.places.take()?;
        let mut state = places.lock();
        state.taken -= 1;
        if state.closed || state.generation != self.generation {
            places.freed(state);
            return None;
        }
        Some(places.sit(&mut state, 0))
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(places) = self.places.take() {
            places.decline();
        }
    }
}

/// One hot execution's place; free again when it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    pub(crate) key: u64,
    crashes: u32,
}

impl Place {
    /// The execution got past the await point at which it crashed: it is like any other (A1).
    pub(crate) fn recover(&mut self) {
        if self.crashes >= 2 {
            let mut state = self.places.lock();
            state.clear_suspicion(self.crashes);
            self.places.freed(state);
        }
        self.crashes = 0;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        state.taken -= 1;
        state.hot.remove(&self.key);
        state.clear_suspicion(self.crashes);
        self.places.freed(state);
    }
}

impl State {
    fn clear_suspicion(&mut self, crashes: u32) {
        if crashes == 2 {
            self.fragile -= 1;
        }
        if crashes > 2 {
            self.suspect = false;
            // Everything was left out while it ran alone.
            self.left_out.ordinary = true;
        }
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_alone_is_given_back_if_a_start_came_in_meanwhile() {
        let places = Arc::new(Places::new(5_000));
        let ask = places.ask(false).unwrap();
        assert!(ask.alone);
        assert!(places.reserve(), "a start does not wait for a claim");
        assert!(places.settle(ask, &[3]).is_empty(), "A2: it would not be alone");
        places.decline();

        let ask = places.ask(false).unwrap();
        let alone = places.settle(ask, &[3]);
        assert_eq!((alone.len(), places.reserve()), (1, false), "A2: nothing runs beside it");
        drop(alone);
        assert!(places.reserve());
    }

    #[test]
    fn what_was_started_before_everything_was_dropped_is_not_run_after() {
        let places = Arc::new(Places::new(10));
        assert!(places.reserve());
        let reserved = Reserved::new(Arc::clone(&places));
        places.close();
        places.drop_all();
        places.open();
        assert!(reserved.sit().is_none(), "the worker has left under the number it was started for (K4)");
        assert_eq!(places.lock().taken, 0);
        assert!(places.reserve());
        assert!(Reserved::new(Arc::clone(&places)).sit().is_some());
    }

    #[test]
    fn a_worker_that_closes_does_not_open_again() {
        let places = Places::new(10);
        places.close();
        places.shut();
        places.open();
        assert!(!places.reserve());
    }
}
