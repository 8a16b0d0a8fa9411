//! An execution's row and its frames.

use super::{due::Class, mailbox::Mailbox, state::later};
use crate::store::{
    BuildId, Claimed, ClaimedFrame, ContentId, Control, Delivery, ExecutionId, FrameRecord, FrameWrite,
    HistoryEntry, HistoryKind, Kept, Millis, QueueId, Row, SchemaId, StartRequest, Status, WorkerId,
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

/// History entries kept for each execution, the newest. History is for people; a workflow that parks once a minute for
/// years must not fill the memory with it.
const HISTORY_ENTRIES_MAX: usize = 1_000;

pub(super) struct Execution {
    pub(super) row: Row,
    pub(super) id: ExecutionId,
    pub(super) queue: QueueId,
    pub(super) priority: i32,
    pub(super) status: Status,
    pub(super) epoch: u64,
    pub(super) fence: u64,
    pub(super) instance: [u8; 16],
    pub(super) run: u32,
    /// Written by [`super::workers::Workers::set_owner`] alone, which keeps its index in step.
    pub(super) owner: Option<WorkerId>,
    /// Written by [`super::due::DueIndex::set_wake`] alone, which keeps its index in step.
    pub(super) wake: Option<Millis>,
    /// Where the due index holds it while `wake` is set.
    pub(super) class: Class,
    pub(super) crashes: u32,
    pub(super) control: Option<Control>,
    pub(super) next_frame: u64,
    pub(super) frames: BTreeMap<u64, Frame>,
    pub(super) mailbox: Mailbox,
    /// The oldest first.
    pub(super) kept: VecDeque<Kept>,
    /// What snapshots refer to.
    pub(super) large: HashMap<ContentId, Arc<[u8]>>,
    /// The `Start` snapshot, kept to the end: a second start is compared with it.
    pub(super) input: Arc<[u8]>,
    pub(super) input_schema: SchemaId,
    pub(super) created: Millis,
    pub(super) finished: Option<Millis>,
    pub(super) output: Option<Vec<u8>>,
    pub(super) error: Option<String>,
    pub(super) set_aside_by: Option<BuildId>,
    pub(super) history: VecDeque<HistoryEntry>,
}

pub(super) struct Frame {
    pub(super) parent: Option<u64>,
    pub(super) visit: u64,
    pub(super) failed: u32,
    pub(super) schema: SchemaId,
    pub(super) snapshot: Arc<[u8]>,
    pub(super) due: Option<Millis>,
    pub(super) event: Option<String>,
    /// The epoch at which it began to wait for `event`: waiters are served in this order (E3).
    pub(super) waits_since: u64,
}

impl Execution {
    pub(super) fn new(row: Row, request: StartRequest, now: Millis) -> Self {
        let root = Frame {
            parent: None,
            visit: 0,
            failed: 0,
            schema: request.schema,
            snapshot: Arc::clone(&request.snapshot),
            due: None,
            event: None,
            waits_since: 0,
        };
        Self {
            row,
            id: request.id,
            queue: request.queue,
            priority: request.priority,
            status: Status::Ready,
            epoch: 0,
            fence: 0,
            instance: request.instance,
            run: 0,
            owner: None,
            wake: None,
            class: Class::Ordinary,
            crashes: 0,
            control: None,
            next_frame: 1,
            frames: BTreeMap::from([(0, root)]),
            mailbox: Mailbox::default(),
            kept: VecDeque::new(),
            large: request.large.into_iter().map(|field| (field.content, field.bytes)).collect(),
            input: request.snapshot,
            input_schema: request.schema,
            created: now,
            finished: None,
            output: None,
            error: None,
            set_aside_by: None,
            history: VecDeque::new(),
        }
    }

    /// Whether one of its frames stands at one of these, as far as they are of its queue.
    pub(super) fn has_frame_at(&self, points: &[(QueueId, SchemaId)]) -> bool {
        let mut of_queue = points.iter().filter(|(queue, _)| *queue == self.queue);
        of_queue.any(|(_, schema)| self.frames.values().any(|frame| frame.schema == *schema))
    }

    /// Whether a worker of this build leaves it to others: it has set it aside before. To cancel it, nobody need read it.
    pub(super) fn is_left_to_others_than(&self, build: &BuildId) -> bool {
        self.status == Status::Ready && self.control.is_none() && self.set_aside_by.as_ref() == Some(build)
    }

    /// Writes a frame as it shall stand. The caller has checked that a new frame brings a snapshot.
    pub(super) fn write_frame(&mut self, write: FrameWrite, now: Millis, keep_due: bool) {
        let old = self.frames.remove(&write.frame);
        let Some((schema, snapshot)) =
            write.snapshot.or_else(|| old.as_ref().map(|old| (old.schema, Arc::clone(&old.snapshot))))
        else {
            return;
        };
        let still_waits = old.as_ref().filter(|old| old.visit == write.visit && old.event == write.event);
        let frame = Frame {
            parent: write.parent,
            visit: write.visit,
            failed: write.failed,
            schema,
            snapshot,
            waits_since: still_waits.map_or(self.epoch, |old| old.waits_since),
            due: match keep_due {
                true => old.and_then(|old| old.due),
                false => write.due.map(|due| later(now, due)),
            },
            event: write.event,
        };
        self.frames.insert(write.frame, frame);
    }

    pub(super) fn earliest_due(&self) -> Option<Millis> {
        self.frames.values().filter_map(|frame| frame.due).min()
    }

    /// Whether a frame waits for events of this name.
    pub(super) fn waits_for(&self, name: &str) -> bool {
        self.frames.values().any(|frame| frame.event.as_deref() == Some(name))
    }

    /// The oldest event for the frame that has waited longest for one that is there (E3).
    fn delivery(&self) -> Option<Delivery> {
        let mut waiters: Vec<_> = self.frames.iter().filter(|(_, frame)| frame.event.is_some()).collect();
        waiters.sort_by_key(|(number, frame)| (frame.waits_since, **number));
        waiters.into_iter().find_map(|(number, frame)| {
            let (seq, payload) = self.mailbox.oldest(frame.event.as_deref()?)?;
            Some(Delivery { frame: *number, seq, payload: payload.to_vec() })
        })
    }

    pub(super) fn claimed(&self, now: Millis) -> Claimed {
        Claimed {
            row: self.row,
            id: self.id.clone(),
            queue: self.queue,
            instance: self.instance,
            run: self.run,
            epoch: self.epoch,
            fence: self.fence,
            crashes: self.crashes,
            mail: self.mailbox.mail(),
            control: self.control,
            next_frame: self.next_frame,
            frames: self.frames.iter().map(|(number, frame)| frame.claimed(*number)).collect(),
            event: self.delivery(),
            now,
        }
    }

    /// How it ended, as history tells it.
    pub(super) fn end(&self) -> Option<HistoryEntry> {
        let status = self.status;
        self.finished.map(|at| HistoryEntry {
            at,
            epoch: self.epoch,
            kind: HistoryKind::Finished,
            detail: match &self.error {
                Some(error) => format!("{status}: {error}"),
                None => status.to_string(),
            },
        })
    }

    /// Whether history has its end already: it was edited since, which comes after. What was set aside may be cancelled then, which is
    /// another end.
    pub(super) fn end_is_told(&self) -> bool {
        use HistoryKind::{Finished, Reconsidered, Redriven, Rewound};
        let mut kinds = self.history.iter().rev().map(|entry| entry.kind);
        let last = kinds.find(|kind| matches!(kind, Finished | Redriven | Reconsidered | Rewound));
        self.status != Status::Cancelled && last == Some(Finished)
    }

    /// Its end goes into history, since something comes after it.
    pub(super) fn tell_end(&mut self) {
        if let Some(end) = self.end().filter(|_| !self.end_is_told()) {
            self.keep_in_mind(end);
        }
    }

    pub(super) fn remember(&mut self, at: Millis, kind: HistoryKind, detail: String) {
        self.keep_in_mind(HistoryEntry { at, epoch: self.epoch, kind, detail });
    }

    fn keep_in_mind(&mut self, entry: HistoryEntry) {
        if self.history.len() == HISTORY_ENTRIES_MAX {
            self.history.pop_front();
        }
        self.history.push_back(entry);
    }
}

impl Frame {
    fn claimed(&self, number: u64) -> ClaimedFrame {
        ClaimedFrame {
            frame: number,
            parent: self.parent,
            visit: self.visit,
            failed: self.failed,
            schema: self.schema,
            snapshot: Arc::clone(&self.snapshot),
            due: self.due,
            event: self.event.clone(),
        }
    }

    pub(super) fn record(&self, number: u64) -> FrameRecord {
        FrameRecord {
            frame: number,
            parent: self.parent,
            visit: self.visit,
            failed: self.failed,
            schema: self.schema,
            snapshot: Arc::clone(&self.snapshot),
            due: self.due,
            event: self.event.clone(),
        }
    }
}
