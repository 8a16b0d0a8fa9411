//! Starts: idempotent by id, at epoch 0, due at once or already claimed.

use super::{
    failure::{Checked, check, check_eq, check_matches},
    scenario::{Hold, Scenario},
    subject::Subject,
};
use durable_core::store::{StartRequest, Started, Status};

pub(super) async fn new_execution_is_due_at_once_with_its_input(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let before = s.now().await?;
    s.start("a").await?;
    let record = s.record("a").await?;
    check_eq!(record.status, Status::Ready, "status after the start");
    check_eq!(
        (record.epoch, record.fence, record.crashes, record.run),
        (0, 0, 0, 0),
        "epoch, fence, crashes, run"
    );
    check_eq!(record.workflow, "orders", "workflow");
    check!(record.created >= before, "created at {}, before the start at {before}", record.created);
    check_eq!(record.finished, None, "finished");

    let claims = s.claim(10).await?;
    check_eq!(claims.claimed.len(), 1, "claimed executions");
    let (claimed, request) = (&claims.claimed[0], s.start_request("a")?);
    check_eq!(claimed.id, request.id, "id");
    check_eq!(claimed.row, record.row, "row");
    check_eq!(claimed.queue, s.queue, "queue");
    check_eq!(claimed.instance, request.instance, "instance");
    check_eq!(
        (claimed.epoch, claimed.fence, claimed.crashes, claimed.run),
        (0, 1, 0, 0),
        "epoch, fence, crashes, run"
    );
    check_eq!((claimed.mail, claimed.control, claimed.next_frame), (0, None, 1), "mail, control, next frame");
    check_eq!(claimed.frames.len(), 1, "frames");
    let root = &claimed.frames[0];
    check_eq!((root.frame, root.parent, root.visit, root.failed), (0, None, 0, 0), "root frame");
    check_eq!(
        (root.schema, &root.snapshot),
        (s.schemas[0], &request.snapshot),
        "schema and snapshot of the root"
    );
    check_eq!((root.due, root.event.clone()), (None, None), "waits of the root");
    check!(claimed.event.is_none(), "an event was delivered to an execution that waits for none");
    check!(claimed.now >= before, "claimed at {}, before the start at {before}", claimed.now);
    Ok(())
}

pub(super) async fn second_start_finds_the_first(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    let other =
        StartRequest { snapshot: (*b"another input").into(), instance: [9; 16], ..s.start_request("a")? };
    check_existing(&s, other, Status::Ready).await?;
    check_eq!(s.record("a").await?.instance, s.start_request("a")?.instance, "instance after a second start");
    check_eq!(s.claim(10).await?.claimed.len(), 1, "executions after two starts of one id");
    Ok(())
}

pub(super) async fn input_is_kept_through_progress_and_end(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (name, status) in [("a", Status::Succeeded), ("b", Status::Failed), ("c", Status::Cancelled)] {
        let mut hold = s.started(name).await?;
        hold.run(&s).await?;
        check_existing(&s, s.start_request(name)?, Status::Running).await?;
        hold.finish(&s, status).await?;
        check_existing(&s, s.start_request(name)?, status).await?;
    }
    s.check_nothing_due("after starting finished executions again").await
}

async fn check_existing(s: &Scenario, request: StartRequest, expected: Status) -> Checked {
    let first = s.start_request(request.id.as_str())?;
    match s.store.start(request).await? {
        Started::Existing { workflow, status, input, schema } => {
            check_eq!(workflow, "orders", "workflow of the first start");
            check_eq!(status, expected, "status");
            check_eq!(input, first.snapshot.to_vec(), "input of the first start");
            check_eq!(schema, s.schemas[0], "schema of the first start");
        }
        new => check!(false, "expected Existing, found {new:?}"),
    }
    Ok(())
}

pub(super) async fn claimed_start_belongs_to_the_worker_with_fence_one(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let request = StartRequest { claim_for: Some(s.worker), ..s.start_request("a")? };
    let Started::New(Some(claimed)) = s.store.start(request.clone()).await? else {
        check!(false, "a start with `claim_for` did not give the claimed execution");
        return Ok(());
    };
    check_eq!((claimed.epoch, claimed.fence, claimed.crashes), (0, 1, 0), "epoch, fence, crashes");
    check_eq!(
        (claimed.next_frame, claimed.mail, claimed.instance),
        (1, 0, request.instance),
        "next frame, mail, instance"
    );
    check_eq!(claimed.frames.len(), 1, "frames");
    check_eq!(claimed.frames[0].snapshot, request.snapshot, "input");
    s.check_status("a", Status::Running).await?;
    s.check_nothing_due("after a start that was claimed at once").await?;
    let mut hold = Hold::new(*claimed, s.schemas[1]);
    hold.run(&s).await?;
    hold.finish(&s, Status::Succeeded).await?;
    s.check_status("a", Status::Succeeded).await
}

pub(super) async fn claimed_start_of_an_existing_id_claims_nothing(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    let request = StartRequest { claim_for: Some(s.worker), ..s.start_request("a")? };
    check_existing(&s, request, Status::Ready).await?;
    check_eq!(s.claim_one().await?.claimed.fence, 1, "fence of the first claim");
    Ok(())
}

pub(super) async fn any_text_up_to_the_limit_is_an_id(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let longest = "ü".repeat(128);
    let ids = [
        "'; DROP TABLE execution; --",
        "%",
        "_",
        "\"",
        "\\",
        " ",
        "a\nb",
        "A",
        "a",
        "ä",
        "🦀",
        "null",
        &longest,
    ];
    for id in ids {
        s.start(id).await?;
        check_eq!(s.record(id).await?.id.as_str(), id, "the id read back");
    }
    check_eq!(s.claim(100).await?.claimed.len(), ids.len(), "different ids are different executions");
    Ok(())
}

pub(super) async fn empty_input_is_an_input(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start_with(StartRequest { snapshot: [].into(), ..s.start_request("a")? }).await?;
    let hold = s.claim_one().await?;
    check_eq!(hold.claimed.frames.len(), 1, "frames");
    check_eq!(hold.claimed.frames[0].snapshot.len(), 0, "bytes of the input");
    check_matches!(s.store.start(s.start_request("a")?).await?, Started::Existing { .. }, "second start");
    Ok(())
}
