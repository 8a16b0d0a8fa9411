//! Events: acknowledged means durable, one event for one waiter, each id once.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, SECOND, Scenario, id},
    subject::Subject,
};
use durable_core::store::{Commit, Delivery, FrameWrite, Next, Park, SendError, SendRequest, Sent, Status};

/// Consumes the delivered event and parks again for the next of that name.
async fn consume_and_wait(s: &Scenario, hold: &mut Hold, name: &str) -> Checked {
    let consumed = hold.claimed.event.iter().map(|event| event.seq).collect();
    let root = FrameWrite { event: Some(name.to_owned()), ..hold.write() };
    let park = Next::Park(Park { wake: None, mail: 0, error: None, keep_due: false });
    let commit = Commit { consumed, ..hold.commit(Some(root), park) };
    hold.apply(s, commit).await?;
    Ok(())
}

fn delivered(hold: &Hold) -> Option<(u64, u64, String)> {
    let text = |event: &Delivery| String::from_utf8_lossy(&event.payload).into_owned();
    hold.claimed.event.as_ref().map(|event| (event.frame, event.seq, text(event)))
}

fn payload(frame: u64, seq: u64, event: &str) -> Option<(u64, u64, String)> {
    Some((frame, seq, format!("payload of {event}")))
}

pub(super) async fn unknown_and_finished_executions_refuse(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let answer = s.send("nobody", "e1", "x").await?;
    check!(
        matches!(&answer, Err(SendError::UnknownExecution(id)) if id.as_str() == "nobody"),
        "send to an unknown execution: found {answer:?}"
    );
    for (name, status) in [("a", Status::Succeeded), ("b", Status::Failed), ("c", Status::Cancelled)] {
        s.started(name).await?.finish(&s, status).await?;
        match s.send(name, "e1", "x").await? {
            Err(SendError::Finished { id, status: found }) => {
                check_eq!((id.as_str(), found), (name, status), "id and status of the refusal");
            }
            answer => check!(false, "send to an execution that is {status}: found {answer:?}"),
        }
    }
    Ok(())
}

pub(super) async fn event_wakes_who_waits_for_its_name(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.park(&s, None, Some("x")).await?;
    s.check_accepted("a", "e1", "y").await?;
    s.check_nothing_due("parked on `x` and sent `y`").await?;
    s.check_accepted("a", "e2", "x").await?;
    let hold = s.claim_one().await?;
    check_eq!(delivered(&hold), payload(0, 2, "e2"), "frame, number and payload of the event");
    check_eq!(hold.claimed.mail, 2, "mail");
    Ok(())
}

pub(super) async fn event_before_its_wait_is_delivered(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    s.check_accepted("a", "e1", "x").await?;
    let mut hold = s.claim_one().await?;
    check_eq!(delivered(&hold), None, "event for an execution that waits for none yet");
    check_eq!(hold.claimed.mail, 1, "mail");
    hold.run(&s).await?;
    hold.park(&s, None, Some("x")).await?;
    check_eq!(delivered(&s.claim_one().await?), payload(0, 1, "e1"), "event");
    Ok(())
}

pub(super) async fn oldest_event_of_a_name_comes_first(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    for (event, name) in [("e1", "y"), ("e2", "x"), ("e3", "x"), ("e4", "y"), ("e5", "x")] {
        s.check_accepted("a", event, name).await?;
    }
    hold.park(&s, None, Some("x")).await?;
    for (seq, event, next) in [(2, "e2", "x"), (3, "e3", "y"), (1, "e1", "x"), (5, "e5", "y"), (4, "e4", "x")]
    {
        let mut hold = s.claim_one().await?;
        check_eq!(delivered(&hold), payload(0, seq, event), "event");
        consume_and_wait(&s, &mut hold, next).await?;
    }
    let hold = s.claim_one().await?;
    check_eq!(delivered(&hold), None, "event after all were consumed");
    Ok(())
}

pub(super) async fn event_stays_until_a_commit_consumes_it(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.park(&s, None, Some("x")).await?;
    s.check_accepted("a", "e1", "x").await?;
    for _ in 0..2 {
        let hold = s.claim_one().await?;
        check_eq!(delivered(&hold), payload(0, 1, "e1"), "event");
        // A commit that is fenced consumes nothing, and neither does a release.
        let stale = Hold { epoch: hold.epoch + 1, ..hold.clone() };
        s.check_fenced(Commit { consumed: vec![1], ..stale.run_commit() }, "another epoch").await?;
        s.release(&hold).await?;
    }
    let mut hold = s.claim_one().await?;
    consume_and_wait(&s, &mut hold, "x").await?;
    // The mail differs from what this park said, so it is looked at once more, in vain.
    let mut hold = s.claim_one().await?;
    check_eq!(delivered(&hold), None, "event after it was consumed");
    let mail = hold.claimed.mail;
    check_eq!(mail, 1, "mail counts what was ever sent");
    hold.park_having_read(&s, None, Some("x"), mail).await?;
    s.check_nothing_due("parked again with nothing in the mail").await
}

pub(super) async fn same_id_is_accepted_once(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.park(&s, None, Some("x")).await?;
    s.check_accepted("a", "e1", "x").await?;
    for name in ["x", "x", "another name"] {
        check_eq!(s.send("a", "e1", name).await??, Sent::Duplicate, "second send of one id");
    }
    let mut hold = s.claim_one().await?;
    check_eq!(hold.claimed.mail, 1, "mail after duplicates");
    consume_and_wait(&s, &mut hold, "x").await?;
    check_eq!(s.send("a", "e1", "x").await??, Sent::Duplicate, "send of an id that was consumed");
    check_eq!(delivered(&s.claim_one().await?), None, "event after a duplicate of a consumed one");
    Ok(())
}

pub(super) async fn ids_of_different_executions_are_different(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    s.start("b").await?;
    s.check_accepted("a", "e1", "x").await?;
    s.check_accepted("b", "e1", "x").await
}

pub(super) async fn payload_and_name_arrive_byte_by_byte(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let name = "'; --\n\"ü🦀%_";
    s.started("a").await?.park(&s, None, Some(name)).await?;
    let payload: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let event_id = "🦀".repeat(64);
    let request = SendRequest { execution: id("a")?, event_id, name: name.into(), payload: payload.clone() };
    check_eq!(s.store.send(request.clone()).await?, Sent::Accepted, "send");
    check_eq!(s.store.send(request).await?, Sent::Duplicate, "second send");
    let found = s.claim_one().await?.claimed.event.map(|event| event.payload);
    check!(found == Some(payload), "the payload did not come back as it was sent");

    s.started("b").await?.park(&s, None, Some("")).await?;
    let empty =
        SendRequest { execution: id("b")?, event_id: "e".into(), name: String::new(), payload: vec![] };
    s.store.send(empty).await?;
    let found = s.claim_one().await?.claimed.event.map(|event| event.payload);
    check_eq!(found, Some(vec![]), "empty payload");
    Ok(())
}

pub(super) async fn longer_event_id_than_256_bytes_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    let answer = s.send("a", &"e".repeat(257), "x").await?;
    check!(matches!(answer, Err(SendError::Store(_))), "an event id of 257 bytes: found {answer:?}");
    check_eq!(s.send("a", &"e".repeat(256), "x").await??, Sent::Accepted, "an event id of 256 bytes");
    check_eq!(s.claim_one().await?.claimed.mail, 1, "mail");
    Ok(())
}

pub(super) async fn more_than_the_quota_is_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let quota = s.subject.quota()?;
    s.started("a").await?.park(&s, None, Some("x")).await?;
    for at in 0..quota {
        s.check_accepted("a", &format!("e{at}"), "x").await?;
    }
    match s.send("a", "one too many", "x").await? {
        Err(SendError::OverQuota { id, waiting }) => {
            check_eq!((id.as_str(), waiting), ("a", quota), "id and waiting events of the refusal");
        }
        answer => check!(false, "send over the quota of {quota}: found {answer:?}"),
    }
    s.start("b").await?;
    s.check_accepted("b", "e0", "x").await?;
    let mut claimed = s.claim(10).await?.claimed;
    claimed.retain(|claimed| claimed.id.as_str() == "a");
    check_eq!(claimed.len(), 1, "executions claimed by that id");
    let mut hold = Hold::new(claimed.remove(0), s.schemas[1]);
    check_eq!(hold.claimed.mail, quota, "mail");
    consume_and_wait(&s, &mut hold, "x").await?;
    s.check_accepted("a", "one too many", "x").await
}

pub(super) async fn event_goes_to_the_frame_that_waits_for_it(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    let child = |frame: u64, event: &str| FrameWrite {
        frame,
        parent: Some(0),
        event: Some(event.to_owned()),
        ..hold.write()
    };
    let park = Next::Park(Park { wake: None, mail: 0, error: None, keep_due: false });
    let frames = vec![child(1, "x"), child(2, "y")];
    let commit = Commit { frames, next_frame: Some(3), ..hold.commit(Some(hold.write()), park) };
    hold.apply(&s, commit).await?;
    s.check_accepted("a", "e1", "y").await?;
    check_eq!(delivered(&s.claim_one().await?), payload(2, 1, "e1"), "frame, number and payload");
    Ok(())
}

pub(super) async fn deadline_of_a_wait_fires_without_the_event(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.park(&s, Some(2 * SECOND), Some("x")).await?;
    s.check_nothing_due("before the deadline").await?;
    s.subject.advance(2 * SECOND).await?;
    let hold = s.claim_one().await?;
    check_eq!(delivered(&hold), None, "event");
    check_eq!(hold.claimed.frames[0].event.as_deref(), Some("x"), "event waited for");
    Ok(())
}

pub(super) async fn event_for_an_execution_set_aside_is_kept(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.finish(&s, Status::SetAside).await?;
    // It has not ended: it can be redriven, and then the event is wanted.
    s.check_accepted("a", "e1", "x").await?;
    s.check_status("a", Status::SetAside).await
}
