//! Executions that failed or were set aside go on: one, or all that a filter names (X4).

use crate::{error::ClientError, start::ATTEMPTS, trouble::Backoff};
use durable_core::{
    ExecutionId, Status,
    store::{Filter, RedriveError, Store, StoreError},
};

/// Members of one transaction: few enough that commits behind it do not notice (G5).
const GROUP: u32 = 500;

/// What [`Client::redrive_all`](crate::Client::redrive_all) did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Redriven {
    /// How many executions go on.
    pub redriven: u64,
    /// Which do not, and why: what was redriven or cancelled by others at the same moment, or is damaged.
    pub refused: Vec<(ExecutionId, ClientError)>,
}

pub(crate) async fn one(store: &dyn Store, id: &ExecutionId) -> Result<(), ClientError> {
    let answers = group(store, vec![id.clone()]).await?;
    answers.into_iter().next().unwrap_or_else(|| Err(RedriveError::UnknownExecution(id.clone())))?;
    Ok(())
}

pub(crate) async fn all(store: &dyn Store, filter: Filter) -> Result<Redriven, ClientError> {
    let status = filter.status.unwrap_or(Status::Failed);
    if !matches!(status, Status::Failed | Status::SetAside) {
        return Err(ClientError::CannotRedrive { status });
    }
    let most = if filter.limit == 0 { u64::MAX } else { u64::from(filter.limit) };
    let mut page = Filter { status: Some(status), ..filter };
    let mut done = Redriven::default();
    let ended = loop {
        let left = most.saturating_sub(done.redriven + done.refused.len() as u64);
        if left == 0 {
            break Ok(None);
        }
        page.limit = u32::try_from(left).unwrap_or(GROUP).min(GROUP);
        match next(store, &page, &mut done).await {
            Ok(Some(last)) => page.after = Some(last),
            ended => break ended,
        }
    };
    let (redriven, refused) = (done.redriven, done.refused.len());
    tracing::info!(redriven, refused, "executions were redriven");
    match ended {
        Ok(_) => Ok(done),
        Err(error) if redriven == 0 && refused == 0 => Err(error.into()),
        Err(error) => Err(ClientError::RedriveStopped { done: Box::new(done), error }),
    }
}

/// The next group; the last of it, if there is one.
async fn next(
    store: &dyn Store,
    page: &Filter,
    done: &mut Redriven,
) -> Result<Option<ExecutionId>, StoreError> {
    let ids = store.list_ids(page.clone()).await?;
    let Some(last) = ids.last().cloned() else { return Ok(None) };
    let answers = group(store, ids.clone()).await?;
    for (id, answer) in ids.into_iter().zip(answers) {
        match answer {
            Ok(()) => done.redriven += 1,
            Err(error) => done.refused.push((id, error.into())),
        }
    }
    Ok(Some(last))
}

/// Repeats while the store is in passing trouble. What goes on after a try whose outcome is unknown was redriven by it.
async fn group(
    store: &dyn Store,
    ids: Vec<ExecutionId>,
) -> Result<Vec<Result<(), RedriveError>>, StoreError> {
    let (mut backoff, mut unsure) = (Backoff::default(), false);
    let mut attempts = 1..ATTEMPTS;
    let mut answers = loop {
        match store.redrive(ids.clone()).await {
            Err(error) if error.is_transient() && attempts.next().is_some() => {
                unsure |= error.outcome_unknown();
                tokio::time::sleep(backoff.next()).await;
            }
            answers => break answers?,
        }
    };
    for answer in answers.iter_mut().filter(|_| unsure) {
        if let Err(RedriveError::NotStopped { status, .. }) = answer
            && !status.is_terminal()
        {
            *answer = Ok(());
        }
    }
    Ok(answers)
}
