//! What people and tools read: records, outcomes and lists.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Scenario, id, point, registration},
    subject::Subject,
};
use durable_core::store::{Filter, StartRequest, Status, StoreError};

pub(super) async fn unknown_executions_are_told_apart_from_unfinished(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    check!(s.store.execution(&id("nobody")?).await?.is_none(), "an execution that nobody started");
    let answer = s.store.outcome(&id("nobody")?).await;
    check!(matches!(answer, Err(StoreError::UnknownExecution(_))), "outcome of nobody: found {answer:?}");
    s.start("a").await?;
    check_eq!(s.store.outcome(&id("a")?).await?, None, "outcome of an execution that was just started");
    Ok(())
}

async fn listed(s: &Scenario, filter: Filter) -> Checked<Vec<String>> {
    Ok(s.store.list(filter).await?.into_iter().map(|record| record.id.to_string()).collect())
}

pub(super) async fn list_is_ordered_by_id_in_pages(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for name in ["b", "ä", "a", "B", "a0", "z"] {
        s.start(name).await?;
    }
    let all = listed(&s, Filter::default()).await?;
    check_eq!(all, ["B", "a", "a0", "b", "z", "ä"], "ids, ordered byte by byte");
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = listed(&s, Filter { after: after.take(), limit: 2, ..Filter::default() }).await?;
        check!(page.len() <= 2, "a page of {} with a limit of 2", page.len());
        let Some(last) = page.last() else { break };
        after = Some(id(last)?);
        paged.extend(page);
    }
    check_eq!(paged, all, "all pages");
    Ok(())
}

pub(super) async fn list_filters_by_workflow_and_status(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let other = s.store.register(registration("refunds", vec![point("Start", &[])])).await?;
    s.started("finished").await?.finish(&s, Status::Succeeded).await?;
    s.started("parked").await?.park(&s, None, Some("x")).await?;
    s.started("running").await?;
    s.start("ready").await?;
    let refund = StartRequest { queue: other.queue, schema: other.schemas[0], ..s.start_request("refund")? };
    s.start_with(refund).await?;

    let workflow = |name: &str| Filter { workflow: Some(name.into()), ..Filter::default() };
    let status = |status| Filter { status: Some(status), ..Filter::default() };
    check_eq!(listed(&s, workflow("refunds")).await?, ["refund"], "of one workflow");
    check_eq!(listed(&s, workflow("orders")).await?.len(), 4, "of the other workflow");
    check_eq!(listed(&s, workflow("' OR 1=1 --")).await?.len(), 0, "of no workflow");
    check_eq!(listed(&s, status(Status::Succeeded)).await?, ["finished"], "succeeded");
    check_eq!(listed(&s, status(Status::Parked)).await?, ["parked"], "parked");
    check_eq!(listed(&s, status(Status::Running)).await?, ["running"], "running");
    check_eq!(listed(&s, status(Status::Ready)).await?, ["ready", "refund"], "ready");
    check_eq!(listed(&s, status(Status::Failed)).await?.len(), 0, "failed");
    let both = Filter { workflow: Some("orders".into()), ..status(Status::Ready) };
    check_eq!(listed(&s, both).await?, ["ready"], "ready ones of one workflow");
    Ok(())
}

pub(super) async fn list_gives_a_hundred_unless_told(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for at in 0..105 {
        s.start(&format!("a{at:03}")).await?;
    }
    check_eq!(listed(&s, Filter::default()).await?.len(), 100, "with no limit given");
    check_eq!(
        listed(&s, Filter { limit: 105, ..Filter::default() }).await?.len(),
        105,
        "with a limit of 105"
    );
    Ok(())
}

pub(super) async fn listed_record_is_the_record(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.park(&s, Some(super::scenario::SECOND), Some("x")).await?;
    let listed = s.store.list(Filter::default()).await?;
    check_eq!(listed.len(), 1, "listed");
    check_eq!(
        format!("{:?}", listed[0]),
        format!("{:?}", s.record("a").await?),
        "the record, with its frames"
    );
    Ok(())
}
