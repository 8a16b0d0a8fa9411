//! What people ask of executions: to cancel (X1), and to go on after all (X4); and what another build may try (Versions).

use crate::{
    claim::{self, Class, unreadable_in},
    columns::{status, status_number},
    error::{damaged, is_damage, words},
    group::{Tx, Witness},
    history, workers,
};
use durable_core::store::{ExecutionId, HistoryKind, Reconsider, RedriveError, Row, Status, StoreError};
use rusqlite::OptionalExtension;

const CANCEL: i64 = 1;

/// Sets the request, and makes a waiting execution due so that a worker carries it out.
pub(crate) fn cancel(tx: &mut Tx<'_>, id: &ExecutionId) -> rusqlite::Result<Result<bool, StoreError>> {
    let found = tx
        .conn
        .prepare_cached(
            "SELECT row, status, control FROM execution LEFT JOIN position USING (row) WHERE id = ?1",
        )?
        .query_row([id.as_str()], |r| Ok((r.get::<_, Row>(0)?, status(r.get(1)?)?, r.get::<_, i64>(2)?)))
        .optional()?;
    let Some((row, status, control)) = found else {
        return Ok(Err(StoreError::UnknownExecution(id.clone())));
    };
    if status.is_terminal() {
        return Ok(Ok(false));
    }
    if control == 0 {
        tx.execute("UPDATE position SET control = ?2 WHERE row = ?1", (row, CANCEL))?;
        history::add(tx, row, HistoryKind::CancelRequested, Some(""))?;
        // Whoever owns it reads the request with its next commit, or hears of it where it waits; what nobody owns is claimed for it. That goes for one
        // that was set aside, too: its value may be unreadable, but to cancel it nobody need read it.
        let woken = tx.execute(
            "UPDATE execution SET wake = ?2 WHERE row = ?1 AND owner IS NULL AND (wake IS NULL OR wake > ?2)",
            (row, tx.at()),
        )?;
        tx.effects.work_ready |= woken > 0;
        tx.effects.requested.push(id.clone());
    }
    Ok(Ok(true))
}

/// Lets what has stopped go on. A damaged row spoils only itself.
pub(crate) fn redrive(
    tx: &mut Tx<'_>,
    group: &[ExecutionId],
) -> rusqlite::Result<Vec<Result<(), RedriveError>>> {
    let mut answers = Vec::with_capacity(group.len());
    for id in group {
        answers.push(match redrive_one(tx, id) {
            Err(error) if is_damage(&error) => Err(RedriveError::Store(StoreError::Corrupt {
                location: tx.conn.path().unwrap_or_default().to_owned(),
                reason: format!("execution `{id}`: {}", words(&error)),
            })),
            answer => answer?,
        });
    }
    Ok(answers)
}

fn redrive_one(tx: &mut Tx<'_>, id: &ExecutionId) -> rusqlite::Result<Result<(), RedriveError>> {
    let found = tx
        .conn
        .prepare_cached(
            "SELECT row, status, position.row IS NOT NULL FROM execution LEFT JOIN position USING (row) WHERE id = ?1",
        )?
        .query_row([id.as_str()], |r| Ok((r.get::<_, Row>(0)?, status(r.get(1)?)?, r.get::<_, bool>(2)?)))
        .optional()?;
    let Some((row, status, has_position)) = found else {
        return Ok(Err(RedriveError::UnknownExecution(id.clone())));
    };
    if !matches!(status, Status::Failed | Status::SetAside) {
        return Ok(Err(RedriveError::NotStopped { id: id.clone(), status }));
    }
    if !has_position {
        return Err(damaged("it has no position"));
    }
    // The end of a failed one came before the request. What was set aside has not ended: there it stands.
    if status == Status::Failed {
        tx.execute("UPDATE position SET control = 0 WHERE row = ?1", [row])?;
    }
    tx.execute(
        "UPDATE execution SET set_aside_by = NULL WHERE row = ?1 AND set_aside_by IS NOT NULL",
        [row],
    )?;
    go_on_again(tx, row, status, HistoryKind::Redriven, "")?;
    Ok(Ok(()))
}

/// Set aside by another build, where this one can read it. (`wake`: it is to be cancelled, and due for that.)
const OTHERS_SET_ASIDE: &str =
    "SELECT row FROM execution WHERE queue = ?1 AND set_aside_by IS NOT NULL AND set_aside_by <> ?2
     AND status = ?3 AND wake IS NULL
     AND EXISTS (SELECT 1 FROM position WHERE position.row = execution.row
                 AND position.schema NOT IN (SELECT value FROM json_each(?4)))
     AND NOT EXISTS (SELECT 1 FROM frame WHERE frame.row = execution.row
                     AND frame.schema IN (SELECT value FROM json_each(?4)))
     LIMIT ?5";

/// Lets the worker's build try what others have set aside. The inner error is for a worker that was given up. A damaged row spoils only
/// itself: it is told, and not looked at again.
pub(crate) fn reconsider(tx: &mut Tx<'_>, request: &Reconsider) -> rusqlite::Result<Result<u64, StoreError>> {
    let Some(build) = workers::build(tx, request.worker)? else { return Ok(Err(StoreError::WorkerLost)) };
    let mut tried = 0;
    for queue in &request.queues {
        let unreadable = unreadable_in(*queue, &request.unreadable);
        let unreadable = unreadable.as_deref().unwrap_or("[]");
        // In place of damaged ones, others are tried: fewer than were asked for means that there are no more.
        while tried < request.limit {
            let left = request.limit - tried;
            let status = status_number(Status::SetAside);
            let rows: Vec<Row> = tx
                .conn
                .prepare_cached(OTHERS_SET_ASIDE)?
                .query_map((queue.0, &build, status, unreadable, left), |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            for row in &rows {
                match try_again(tx, *row, &build) {
                    Ok(()) => tried += 1,
                    Err(error) if is_damage(&error) => claim::set_aside(tx, *row, &error)?,
                    Err(error) => return Err(error),
                }
            }
            if rows.len() < left as usize {
                break;
            }
        }
    }
    Ok(Ok(tried.into()))
}

fn try_again(tx: &mut Tx<'_>, row: Row, build: &str) -> rusqlite::Result<()> {
    go_on_again(tx, row, Status::SetAside, HistoryKind::Reconsidered, build)?;
    tx.execute("UPDATE execution SET class = ?2 WHERE row = ?1", (row, Class::Again as i64))?;
    Ok(())
}

/// Its end was none: the counts begin anew, and the operation of its await point runs again. Only retries have failed before:
/// what is due there is no timer.
fn go_on_again(
    tx: &mut Tx<'_>,
    row: Row,
    status: Status,
    kind: HistoryKind,
    detail: &str,
) -> rusqlite::Result<()> {
    history::end(tx, row, status)?;
    let (epoch, fence) = tx
        .conn
        .prepare_cached(
            "UPDATE position SET epoch = epoch + 1, fence = fence + 1, finished = NULL, crashes = 0,
                 due = CASE WHEN failed > 0 THEN NULL ELSE due END, failed = 0
             WHERE row = ?1 RETURNING epoch, fence",
        )?
        .query_row([row], |r| Ok((r.get(0)?, r.get(1)?)))?;
    tx.execute("UPDATE frame SET due = NULL, failed = 0 WHERE row = ?1 AND failed > 0", [row])?;
    tx.execute(
        "UPDATE execution SET status = ?2, owner = NULL, wake = ?3, class = 0, output = NULL WHERE row = ?1",
        (row, status_number(Status::Ready), tx.at()),
    )?;
    history::add(tx, row, kind, Some(detail))?;
    // Not for long: whoever claims it raises the fence.
    tx.testify(false, || Witness::Committed { row, epoch, fence });
    tx.effects.work_ready = true;
    Ok(())
}
