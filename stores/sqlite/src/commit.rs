//! Commits inside a group's transaction: the compare-and-swap first (C1), then what hangs on it.

use crate::{
    batch::Batch,
    columns::status_number,
    error::damaged,
    group::{Tx, Witness},
    history, kept, large,
};
use durable_core::store::{
    Commit, CommitError, Committed, Control, ExecutionId, FrameWrite, HistoryKind, Next, Outcome, Park, Row,
    Status, StoreError,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, named_params};
use std::collections::HashSet;
use std::time::Duration;

pub(crate) type Answer = Result<Committed, CommitError>;

/// Commits of one caller.
pub(crate) type CommitBatch = Batch<Commit, Answer>;

/// What a commit adds to its group's size (G1).
pub(crate) fn weight(commit: &Commit) -> usize {
    let snapshot = |write: &FrameWrite| write.snapshot.as_ref().map_or(0, |(_, bytes)| bytes.len());
    let output = match &commit.next {
        Next::Finish(outcome) => outcome.output.as_ref().map_or(0, Vec::len),
        _ => 0,
    };
    let kept = commit.root.iter().filter(|_| commit.keep > 0).map(snapshot).sum::<usize>();
    128 + output
        + kept
        + large::weight(&commit.large)
        + commit.root.iter().chain(&commit.frames).map(snapshot).sum::<usize>()
}

/// The columns of the root frame. A commit that does not move it leaves them.
macro_rules! root_columns {
    () => {
        " visit = CASE WHEN :root THEN :visit ELSE visit END,
          failed = CASE WHEN :root THEN :failed ELSE failed END,
          since = CASE WHEN :root AND NOT (visit = :visit AND event IS :event) THEN epoch + 1 ELSE since END,
          event = CASE WHEN :root THEN :event ELSE event END,
          schema = coalesce(:schema, schema), snapshot = coalesce(:snapshot, snapshot),"
    };
}

macro_rules! fenced {
    () => {
        " WHERE row = :row AND epoch = :epoch AND fence = :fence AND control = :control AND finished IS NULL"
    };
}

/// The hot path: the root moves, its operation runs here, and no request waits.
const RUN: &str =
    "UPDATE position SET epoch = epoch + 1, visit = ?4, failed = ?5, crashes = 0, due = ?6, event = NULL,
    schema = ?7, snapshot = ?8
    WHERE row = ?1 AND epoch = ?2 AND fence = ?3 AND control = 0 AND finished IS NULL";

/// The execution stays with its worker, or is parked: a failed attempt, a wait, or a commit of other frames only. When this
/// row was parked at the same visit before, the deadlines that stand decide (W1).
const MOVE: &str = concat!(
    "UPDATE position SET epoch = epoch + 1,",
    root_columns!(),
    " due = CASE WHEN :root AND NOT :keep_due THEN :due ELSE due END,
      crashes = CASE WHEN :keep_crashes THEN crashes ELSE 0 END",
    fenced!()
);

/// Memory is given up. Due at once if an event came that the worker has not seen (E2) or a request waits.
const PARK: &str = "UPDATE execution SET error = coalesce(:error, error), status = :status, owner = NULL,
      class = CASE WHEN :keep_crashes
          THEN (SELECT max(0, min(crashes, 3) - 1) FROM position WHERE position.row = :row) ELSE 0 END,
      wake = CASE WHEN :control <> 0 OR mail <> :mail THEN :now
                  WHEN :keep_due THEN nullif(min(
                      coalesce((SELECT due FROM position WHERE position.row = :row), :never),
                      coalesce((SELECT min(frame.due) FROM frame WHERE frame.row = :row), :never)), :never)
                  ELSE :wake END
     WHERE row = :row RETURNING wake";

/// The end, or set aside. What can be looked at or redriven keeps its snapshots.
const FINISH: &str = concat!(
    "UPDATE position SET epoch = epoch + 1,
      visit = CASE WHEN :root THEN :visit ELSE visit END,
      failed = CASE WHEN :root THEN :failed ELSE failed END,
      event = CASE WHEN :keep THEN CASE WHEN :root THEN :event ELSE event END END,
      due = CASE WHEN :keep THEN due END,
      schema = coalesce(:schema, schema),
      snapshot = CASE WHEN :keep THEN coalesce(:snapshot, snapshot) END,
      finished = :now",
    fenced!()
);

/// The usual end: the root has nothing to write, and there is nothing to keep.
const FINISH_PLAIN: &str =
    "UPDATE position SET epoch = epoch + 1, event = NULL, due = NULL, snapshot = NULL, finished = ?5
    WHERE row = ?1 AND epoch = ?2 AND fence = ?3 AND control = ?4 AND finished IS NULL";

/// The other half of an end.
/// `wake` may be due: an owner that was given up may still end it until someone claims it.
const END: &str =
    "UPDATE execution SET status = ?2, owner = NULL, wake = NULL, waiting = CASE WHEN ?3 THEN waiting ELSE 0 END,
    error = ?4, output = ?5 WHERE row = ?1";

/// The same for most executions: they never had a frame or an event, and nobody waits to hear whose end it is.
const END_PLAIN: &str = "UPDATE execution SET status = ?2, owner = NULL, wake = NULL, error = ?3, output = ?4
    WHERE row = ?1 AND next_frame = 1 AND mail = 0";

/// Before its owner goes. Of an owner that was given up nothing is known: that is the build without a name.
const SET_ASIDE_BY: &str = "UPDATE execution SET set_aside_by =
      coalesce((SELECT build FROM worker WHERE worker.worker = execution.owner), '') WHERE row = ?1";

/// Read apart: `RETURNING` would go through a temporary table.
const ENDED: &str = "SELECT id, next_frame, mail FROM execution WHERE row = ?1";

/// Prepared once per transaction.
pub(crate) struct Statements<'c> {
    conn: &'c Connection,
    run: Option<CachedStatement<'c>>,
    finish: Option<Finish<'c>>,
    unknown: &'c HashSet<(Row, u64, u64)>,
}

struct Finish<'c> {
    plain: CachedStatement<'c>,
    end_plain: CachedStatement<'c>,
    end: CachedStatement<'c>,
    ended: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    /// `unknown`: commits that may have happened already; one that did is acknowledged again instead of fenced (C4).
    pub(crate) fn new(conn: &'c Connection, unknown: &'c HashSet<(Row, u64, u64)>) -> Self {
        Self { conn, run: None, finish: None, unknown }
    }

    /// One member. `Ok(Err(Fenced))` wrote nothing.
    pub(crate) fn commit(&mut self, tx: &mut Tx<'_>, commit: &Commit) -> rusqlite::Result<Answer> {
        if !ends_well(&commit.next) {
            return Ok(Err(CommitError::Store(StoreError::Corrupt {
                location: tx.conn.path().unwrap_or_default().to_owned(),
                reason: "a commit may end an execution only as succeeded, failed, cancelled or set aside"
                    .into(),
            })));
        }
        // Nearly always no request waits. Only when the row does not match is it looked at.
        let mut control = 0;
        if !self.swap(tx, commit, control)? {
            match self.miss(commit)? {
                Miss::Control(found) => control = found,
                Miss::Ours(found) => return Ok(Ok(Committed { control: control_of(found) })),
                Miss::Fenced => return Ok(Err(CommitError::Fenced)),
            }
            if !self.swap(tx, commit, control)? {
                return Ok(Err(CommitError::Fenced));
            }
        }
        if let Some(queue) = commit.queue {
            tx.execute("UPDATE execution SET queue = ?2 WHERE row = ?1", (commit.row, queue.0))?;
        }
        let gone = kept::keep(tx, commit)?;
        large::add(tx, commit.row, &commit.large)?;
        if commit.sweep || gone {
            large::sweep(tx, commit.row)?;
        }
        let lasts = !matches!(commit.next, Next::Park(_) | Next::Yield);
        tx.testify(lasts, || Witness::Committed {
            row: commit.row,
            epoch: commit.epoch as i64 + 1,
            fence: commit.fence as i64,
        });
        Ok(Ok(Committed { control: control_of(control) }))
    }

    /// The compare-and-swap, and all that goes with it. False: the row did not match, nothing was written.
    fn swap(&mut self, tx: &mut Tx<'_>, commit: &Commit, control: i64) -> rusqlite::Result<bool> {
        let swapped = match (&commit.next, &commit.root) {
            (
                Next::Run,
                Some(FrameWrite {
                    snapshot: Some((schema, snapshot)), visit, failed, due, event: None, ..
                }),
            ) if control == 0 => {
                let run = match &mut self.run {
                    Some(run) => run,
                    empty => empty.insert(self.conn.prepare_cached(RUN)?),
                };
                run.execute((
                    commit.row,
                    commit.epoch as i64,
                    commit.fence as i64,
                    *visit as i64,
                    *failed,
                    due.map(|d| tx.after(d)),
                    schema.0,
                    &**snapshot,
                ))? == 1
            }
            (Next::Run, _) => step(tx, commit, control, false, false)?,
            (Next::FailedAttempt { .. }, _) => step(tx, commit, control, true, false)?,
            (Next::Park(park), _) => return park_as(tx, commit, control, park, Status::Parked),
            (Next::Yield, _) => {
                let at_once = Park { wake: Some(Duration::ZERO), mail: 0, error: None, keep_due: false };
                return park_as(tx, commit, control, &at_once, Status::Ready);
            }
            (Next::Finish(outcome), _) => return self.finish(tx, commit, control, outcome),
        };
        if swapped {
            write_frames(tx, commit, false)?;
            if let Next::FailedAttempt { error } = &commit.next {
                tx.execute("UPDATE execution SET error = ?2 WHERE row = ?1", (commit.row, error))?;
                history::add(tx, commit.row, HistoryKind::FailedAttempt, Some(error))?;
            }
        }
        Ok(swapped)
    }

    fn finish(
        &mut self,
        tx: &mut Tx<'_>,
        commit: &Commit,
        control: i64,
        outcome: &Outcome,
    ) -> rusqlite::Result<bool> {
        let statements = match &mut self.finish {
            Some(statements) => statements,
            empty => empty.insert(Finish {
                plain: self.conn.prepare_cached(FINISH_PLAIN)?,
                end_plain: self.conn.prepare_cached(END_PLAIN)?,
                end: self.conn.prepare_cached(END)?,
                ended: self.conn.prepare_cached(ENDED)?,
            }),
        };
        let keep = keeps_all(outcome.status);
        let swapped = if keep || commit.root.is_some() {
            let root = Root::of(tx, commit);
            tx.conn.prepare_cached(FINISH)?.execute(named_params! {
                ":row": commit.row, ":epoch": commit.epoch as i64, ":fence": commit.fence as i64, ":control": control,
                ":root": root.is, ":visit": root.visit, ":failed": root.failed, ":event": root.event,
                ":schema": root.schema, ":snapshot": root.snapshot, ":keep": keep, ":now": tx.at(),
            })?
        } else {
            let (epoch, fence) = (commit.epoch as i64, commit.fence as i64);
            statements.plain.execute((commit.row, epoch, fence, control, tx.at()))?
        };
        if swapped == 0 {
            return Ok(false);
        }
        let status = status_number(outcome.status);
        if !keep && !tx.watched {
            let row = (commit.row, status, &outcome.error, &outcome.output);
            if statements.end_plain.execute(row)? == 1 {
                tx.effects.more_finished = true;
                return Ok(true);
            }
        }
        let (id, next_frame, mail) = statements.ended.query_row([commit.row], |r| {
            Ok((ExecutionId::new(r.get_ref(0)?.as_str()?), r.get::<_, i64>(1)?, r.get::<_, i64>(2)?))
        })?;
        if outcome.status == Status::SetAside {
            tx.execute(SET_ASIDE_BY, [commit.row])?;
        }
        statements.end.execute((commit.row, status, keep, &outcome.error, &outcome.output))?;
        if keep {
            write_frames(tx, commit, false)?;
        } else {
            // Most executions never had a frame or an event, and then there is nothing to look for.
            if next_frame > 1 {
                tx.execute("DELETE FROM frame WHERE row = ?1", [commit.row])?;
            }
            if mail > 0 {
                consume(tx, commit)?;
                tx.execute("DELETE FROM event WHERE row = ?1 AND consumed IS NULL", [commit.row])?;
            }
        }
        tx.effects.finished.extend(id);
        Ok(true)
    }

    fn miss(&self, commit: &Commit) -> rusqlite::Result<Miss> {
        let mut row = self
            .conn
            .prepare_cached("SELECT epoch, fence, control, finished FROM position WHERE row = ?1")?;
        let found = row
            .query_row([commit.row], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get(2)?, r.get::<_, Option<i64>>(3)?))
            })
            .optional()?;
        let Some((epoch, fence, control, finished)) = found else { return Ok(Miss::Fenced) };
        if fence != commit.fence as i64 {
            return Ok(Miss::Fenced);
        }
        let unknown = || self.unknown.contains(&(commit.row, commit.epoch, commit.fence));
        Ok(match epoch - commit.epoch as i64 {
            0 if finished.is_none() => Miss::Control(control),
            1 if unknown() => Miss::Ours(control),
            _ => Miss::Fenced,
        })
    }
}

/// Why a compare-and-swap found no row.
enum Miss {
    /// It does match, but a request waits: write, and answer with it.
    Control(i64),
    /// It was written before, when the outcome was unknown.
    Ours(i64),
    Fenced,
}

/// The root's write as parameters; all null if it stays.
struct Root<'a> {
    is: bool,
    visit: Option<i64>,
    failed: Option<u32>,
    schema: Option<u32>,
    snapshot: Option<&'a [u8]>,
    due: Option<i64>,
    event: Option<&'a str>,
}

impl<'a> Root<'a> {
    fn of(tx: &Tx<'_>, commit: &'a Commit) -> Self {
        let root = commit.root.as_ref();
        let snapshot = root.and_then(|r| r.snapshot.as_ref());
        Self {
            is: root.is_some(),
            visit: root.map(|r| r.visit as i64),
            failed: root.map(|r| r.failed),
            schema: snapshot.map(|(schema, _)| schema.0),
            snapshot: snapshot.map(|(_, bytes)| &**bytes),
            due: root.and_then(|r| r.due).map(|d| tx.after(d)),
            event: root.and_then(|r| r.event.as_deref()),
        }
    }
}

/// The compare-and-swap of all that neither runs on nor ends.
fn step(
    tx: &Tx<'_>,
    commit: &Commit,
    control: i64,
    keep_crashes: bool,
    keep_due: bool,
) -> rusqlite::Result<bool> {
    let root = Root::of(tx, commit);
    let changed = tx.conn.prepare_cached(MOVE)?.execute(named_params! {
        ":row": commit.row, ":epoch": commit.epoch as i64, ":fence": commit.fence as i64, ":control": control,
        ":root": root.is, ":visit": root.visit, ":failed": root.failed, ":event": root.event,
        ":schema": root.schema, ":snapshot": root.snapshot, ":due": root.due,
        ":keep_due": keep_due, ":keep_crashes": keep_crashes,
    })?;
    Ok(changed == 1)
}

fn park_as(
    tx: &mut Tx<'_>,
    commit: &Commit,
    control: i64,
    park: &Park,
    status: Status,
) -> rusqlite::Result<bool> {
    let keep_crashes = park.error.is_some();
    if !step(tx, commit, control, keep_crashes, park.keep_due)? {
        return Ok(false);
    }
    let wake: Option<i64> = tx.conn.prepare_cached(PARK)?.query_row(
        named_params! {
            ":row": commit.row, ":control": control, ":error": park.error, ":keep_crashes": keep_crashes,
            ":keep_due": park.keep_due, ":status": status_number(status), ":mail": park.mail as i64,
            ":now": tx.at(), ":wake": park.wake.map(|d| tx.after(d)), ":never": i64::MAX,
        },
        |r| r.get(0),
    )?;
    write_frames(tx, commit, park.keep_due)?;
    if let Some(error) = &park.error {
        history::add(tx, commit.row, HistoryKind::FailedAttempt, Some(error))?;
    }
    if !park.keep_due && status == Status::Parked {
        history::park(tx, commit.row, waits_for(commit), stands_at(commit))?;
    }
    // Also of a deadline to come: it may be before the one that a worker sleeps until.
    tx.effects.work_ready |= wake.is_some();
    Ok(true)
}

/// Frames opened, moved and closed, and events consumed.
fn write_frames(tx: &mut Tx<'_>, commit: &Commit, keep_due: bool) -> rusqlite::Result<()> {
    if let Some(next_frame) = commit.next_frame {
        tx.execute("UPDATE execution SET next_frame = ?2 WHERE row = ?1", (commit.row, next_frame as i64))?;
    }
    for write in &commit.frames {
        let due = write.due.map(|d| tx.after(d));
        let since = commit.epoch as i64 + 1;
        let frame = (
            commit.row,
            write.frame as i64,
            write.visit as i64,
            write.failed,
            due,
            &write.event,
            keep_due,
            since,
        );
        let written = match &write.snapshot {
            Some((schema, snapshot)) => tx.execute(
                "INSERT INTO frame (row, frame, visit, failed, due, event, since, schema, snapshot, parent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?8, ?9, ?10, ?11)
                 ON CONFLICT (row, frame) DO UPDATE SET visit = ?3, failed = ?4,
                     due = CASE WHEN ?7 THEN due ELSE ?5 END, event = ?6, schema = ?9, snapshot = ?10,
                     since = CASE WHEN visit = ?3 AND event IS ?6 THEN since ELSE ?8 END",
                (
                    frame.0,
                    frame.1,
                    frame.2,
                    frame.3,
                    frame.4,
                    frame.5,
                    frame.6,
                    frame.7,
                    schema.0,
                    &**snapshot,
                    write.parent.map(|p| p as i64),
                ),
            )?,
            None => tx.execute(
                "UPDATE frame SET visit = ?3, failed = ?4, due = CASE WHEN ?7 THEN due ELSE ?5 END, event = ?6,
                     since = CASE WHEN visit = ?3 AND event IS ?6 THEN since ELSE ?8 END
                 WHERE row = ?1 AND frame = ?2",
                frame,
            )?,
        };
        if written == 0 {
            // A frame without a snapshot could never be resumed. The error undoes this member, and only this one.
            return Err(damaged(format!(
                "frame {} of execution row {} has no snapshot, and the commit brings none",
                write.frame, commit.row
            )));
        }
    }
    for frame in &commit.closed {
        tx.execute("DELETE FROM frame WHERE row = ?1 AND frame = ?2", (commit.row, *frame as i64))?;
    }
    consume(tx, commit)
}

/// Consumed events keep only their ids (E3, E4).
fn consume(tx: &Tx<'_>, commit: &Commit) -> rusqlite::Result<()> {
    let mut consumed = 0;
    for seq in &commit.consumed {
        consumed += tx.execute(
            "UPDATE event SET consumed = ?3, name = '', payload = x''
             WHERE row = ?1 AND seq = ?2 AND consumed IS NULL",
            (commit.row, *seq as i64, tx.at()),
        )?;
    }
    if consumed > 0 {
        let sql = "UPDATE execution SET waiting = max(0, waiting - ?2) WHERE row = ?1";
        tx.execute(sql, (commit.row, consumed as i64))?;
    }
    Ok(())
}

/// For history: the event a parked execution waits for. Else history names its await point.
fn waits_for(commit: &Commit) -> Option<&str> {
    commit.root.iter().chain(&commit.frames).find_map(|write| write.event.as_deref())
}

/// For history: the await point of the innermost frame that this commit writes.
fn stands_at(commit: &Commit) -> Option<u32> {
    let mut snapshots = commit.root.iter().chain(&commit.frames).filter_map(|write| write.snapshot.as_ref());
    snapshots.next_back().map(|(schema, _)| schema.0)
}

/// What failed or was set aside keeps its snapshots and events.
fn keeps_all(status: Status) -> bool {
    matches!(status, Status::Failed | Status::SetAside)
}

fn ends_well(next: &Next) -> bool {
    match next {
        Next::Finish(outcome) => outcome.status.is_terminal() || outcome.status == Status::SetAside,
        _ => true,
    }
}

pub(crate) fn control_of(number: i64) -> Option<Control> {
    (number != 0).then_some(Control::Cancel)
}
