//! Claims: how a worker gets executions, and gives them back.

use super::{Control, ExecutionId, Millis, QueueId, Row, SchemaId, WorkerId};
use std::{sync::Arc, time::Duration};

/// Asks for executions that are due, in the worker's queues (K1).
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Who claims.
    pub worker: WorkerId,
    /// The queues this build accepts, in round-robin order for this call.
    pub queues: Vec<QueueId>,
    /// Await points that this build cannot go on from, each with the queue (Versions): whatever is in that queue and has a frame there
    /// stays where it is, for a build that can. What is in another queue at the same schema row is another version's, and not meant.
    pub unreadable: Vec<(QueueId, SchemaId)>,
    /// At most this many with fewer than 2 crashes.
    pub limit: u32,
    /// At most this many with exactly 2 crashes (A2).
    pub fragile: u32,
    /// The worker is empty, so one execution with 3 crashes or more may be claimed, *instead of* all others (A2). A store
    /// prefers ordinary executions: it gives a suspect alone only if nothing else is due.
    pub alone: bool,
}

/// What a claim gave.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// The executions, now owned by the worker.
    pub claimed: Vec<Claimed>,
    /// How long until the earliest execution in these queues that is not due yet; `None` if there is none. Zero if more is
    /// due already than was asked for.
    pub next_wake: Option<Duration>,
}

/// A claimed execution: everything needed to run it.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The store's number of it.
    pub row: Row,
    /// The user's id.
    pub id: ExecutionId,
    /// Its queue, so the worker knows which workflow to run.
    pub queue: QueueId,
    /// Random 128 bits minted at start (F3).
    pub instance: [u8; 16],
    /// Counts rewinds and edits (F3).
    pub run: u32,
    /// Committed transitions so far.
    pub epoch: u64,
    /// Claims so far, this one included.
    pub fence: u64,
    /// Crashes since the last await-point commit, the takeover that this claim may be included (A1).
    pub crashes: u32,
    /// Events ever sent to it (E2).
    pub mail: u64,
    /// A request that waits to be carried out.
    pub control: Option<Control>,
    /// The number the next opened frame gets (F1).
    pub next_frame: u64,
    /// Its frames, the root first. The root of an execution at epoch 0 is its start snapshot.
    pub frames: Vec<ClaimedFrame>,
    /// The oldest event for the name a frame waits for, if there is one (E3).
    pub event: Option<Delivery>,
    /// The store's clock as it was claimed: a frame's deadline at or before it has passed.
    pub now: Millis,
}

/// One frame of a claimed execution.
#[derive(Clone, Debug)]
pub struct ClaimedFrame {
    /// Its number; the root is 0.
    pub frame: u64,
    /// The frame that opened it; `None` for the root.
    pub parent: Option<u64>,
    /// Await-point commits it has made (F2).
    pub visit: u64,
    /// Failed attempts at its current await point (A1).
    pub failed: u32,
    /// Where it stands.
    pub schema: SchemaId,
    /// The snapshot as committed (header and payload).
    pub snapshot: Arc<[u8]>,
    /// When its timer or retry is due.
    pub due: Option<Millis>,
    /// The event name it waits for.
    pub event: Option<String>,
}

/// An event on its way to the frame that waits for it. It stays in the store until a commit lists it as consumed.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The frame that gets it.
    pub frame: u64,
    /// The event's number within its execution.
    pub seq: u64,
    /// Fingerprint and encoded value, as sent.
    pub payload: Vec<u8>,
}

/// Gives one claimed execution back.
#[derive(Clone, Debug)]
pub struct Release {
    /// The store's number of it.
    pub row: Row,
    /// The fence of the claim that is given back.
    pub fence: u64,
}
