//! Forks (F3).

use super::{
    failure::{Checked, check, check_eq, check_matches},
    scenario::{Scenario, id},
    subject::Subject,
};
use durable_core::store::{ForkRequest, HistoryKind, StartRequest, Started, Status, StoreError};

fn request(s: &Scenario, from: &str, new: &str) -> Checked<ForkRequest> {
    let snapshot = b"forked".to_vec().into();
    Ok(ForkRequest {
        from: id(from)?,
        start: StartRequest { schema: s.schemas[1], snapshot, ..s.start_request(new)? },
        visit: 7,
        due: None,
        event: None,
        note: format!("by ada: to {new}"),
        note_of_new: format!("by ada: from {from}"),
    })
}

async fn fork(s: &Scenario, from: &str, new: &str) -> Checked<Started> {
    Ok(s.store.fork(request(s, from, new)?).await?)
}

pub(super) async fn fork_begins_where_it_is_told_to(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    hold.run(&s).await?;
    let before = s.record("a").await?;
    check_matches!(fork(&s, "a", "b").await?, Started::New(None), "fork");
    let after = s.record("a").await?;
    check_eq!(
        (after.epoch, after.fence, after.run, after.status),
        (before.epoch, before.fence, before.run, before.status),
        "what was forked"
    );
    let mut new = s.claim_one().await?;
    let root = &new.claimed.frames[0];
    check_eq!((root.visit, root.failed, root.schema), (7, 0, s.schemas[1]), "where it stands");
    check_eq!(&*root.snapshot, b"forked", "snapshot");
    check_eq!(
        (new.claimed.id.as_str(), new.claimed.epoch, new.claimed.run),
        ("b", 0, 0),
        "id, epoch and run"
    );
    check!(new.claimed.instance != hold.claimed.instance, "the instances are the same");
    new.run(&s).await?;
    check_eq!(s.record("b").await?.frames[0].visit, 8, "visit of the next await point");
    new.finish(&s, Status::Succeeded).await?;
    hold.finish(&s, Status::Failed).await?;
    fork(&s, "a", "c").await?;
    check_eq!(s.claim_one().await?.claimed.id.as_str(), "c", "fork of what has ended");
    Ok(())
}

pub(super) async fn fork_of_a_wait_waits(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?;
    s.check_accepted("a", "1", "x").await?;
    let due = s.now().await? + 3_600_000;
    let waits = ForkRequest { due: Some(due), event: Some("x".into()), ..request(&s, "a", "b")? };
    s.store.fork(waits).await?;
    let hold = s.claim_one().await?;
    let root = &hold.claimed.frames[0];
    check_eq!((root.due, root.event.as_deref()), (Some(due), Some("x")), "deadline and event");
    check!(hold.claimed.event.is_none(), "an event of another execution is delivered");
    Ok(())
}

pub(super) async fn second_fork_finds_the_first(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?;
    fork(&s, "a", "b").await?;
    s.claim_one().await?.run(&s).await?;
    let again = fork(&s, "a", "b").await?;
    check!(
        matches!(&again, Started::Existing { input, schema, .. } if input == b"forked" && *schema == s.schemas[1]),
        "second fork: found {again:?}"
    );
    let start = s.store.start(s.start_request("b")?).await?;
    check!(matches!(&start, Started::Existing { input, .. } if input == b"forked"), "start: found {start:?}");
    let taken = fork(&s, "b", "a").await?;
    check!(
        matches!(&taken, Started::Existing { input, .. } if input == b"input of a"),
        "fork to an id that was started: found {taken:?}"
    );
    let nobody = s.store.fork(request(&s, "nobody", "c")?).await;
    check_matches!(nobody, Err(StoreError::UnknownExecution(_)), "fork of nobody");
    check!(s.store.execution(&id("c")?).await?.is_none(), "a refused fork is there");
    s.check_nothing_due("after forks that found another").await
}

pub(super) async fn history_of_both_has_it(subject: Subject) -> Checked {
    use HistoryKind::{Forked, Started};
    let s = Scenario::new(subject).await?;
    s.started("a").await?;
    fork(&s, "a", "b").await?;
    fork(&s, "a", "b").await?;
    for (name, detail) in [("a", "by ada: to b"), ("b", "by ada: from a")] {
        check_eq!(s.kinds(name).await?, [Started, Forked], "history of {name}");
        check_eq!(s.store.history(&id(name)?).await?[1].detail.as_str(), detail, "who and which");
    }
    Ok(())
}
