//! Large fields, which stand apart from the snapshots that refer to them (S1).

use super::{
    failure::{Checked, check, check_eq, check_matches},
    scenario::{Hold, Scenario, id},
    subject::Subject,
};
use durable_core::{
    store::{
        Commit, CommitError, ContentId, EditRequest, ForkRequest, FrameWrite, LargeField, Next, Outcome,
        RewindRequest, Row, StartRequest, Started, Status, StoreError,
    },
    stored::{self, Form, Packing, Part},
};
use std::sync::Arc;

fn content(of: u8) -> ContentId {
    ContentId([of; 32])
}

/// A field of this content; how it is packed is nothing to a store.
fn field(of: u8) -> LargeField {
    LargeField { content: content(of), bytes: vec![of; 5_000].into() }
}

fn fields(of: &[u8]) -> Vec<LargeField> {
    of.iter().map(|of| field(*of)).collect()
}

/// A snapshot that refers to these, as workers and clients write it.
fn refers(to: &[u8]) -> Arc<[u8]> {
    let mut bytes = vec![0; Form::Snapshot.header_bytes()];
    let parts: Vec<Part> =
        to.iter().zip(0..).map(|(of, at)| Part { at, length: 1, content: content(*of) }).collect();
    stored::write_parts(&parts, &mut bytes);
    stored::mark(&mut bytes, Packing { apart: true, ..Packing::default() });
    stored::sum(Form::Snapshot, &mut bytes);
    bytes.into()
}

/// Which of nine are there, each with the bytes it was given.
async fn there(s: &Scenario, row: Row) -> Checked<Vec<u8>> {
    let asked: Vec<u8> = (1..10).rev().collect();
    let found = s.store.large_fields(row, asked.iter().map(|of| content(*of)).collect()).await?;
    check_eq!(found.len(), asked.len(), "one answer for each address");
    let mut there = Vec::new();
    for (of, found) in asked.into_iter().zip(found) {
        if let Some(bytes) = found {
            check_eq!(bytes, field(of).bytes, "large field {of}, asked for among others");
            there.push(of);
        }
    }
    there.reverse();
    Ok(there)
}

fn start(s: &Scenario, execution: &str, to: &[u8]) -> Checked<StartRequest> {
    Ok(StartRequest { snapshot: refers(to), large: fields(to), ..s.start_request(execution)? })
}

async fn started(s: &Scenario, execution: &str, to: &[u8]) -> Checked<Hold> {
    s.start_with(start(s, execution, to)?).await?;
    s.claim_one().await
}

/// The root at its next await point, referring to these.
fn root(hold: &Hold, to: &[u8]) -> FrameWrite {
    FrameWrite { snapshot: Some((hold.schema, refers(to))), ..hold.write() }
}

/// The next commit of the root, with all it refers to, and a sweep.
fn swept(hold: &Hold, to: &[u8]) -> Commit {
    Commit { large: fields(to), sweep: true, ..hold.commit(Some(root(hold, to)), Next::Run) }
}

fn child(hold: &Hold, to: &[u8]) -> FrameWrite {
    FrameWrite { frame: 1, parent: Some(0), visit: 1, ..root(hold, to) }
}

pub(super) async fn large_fields_come_with_starts_and_commits_and_are_read_back(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[1, 2]).await?;
    let row = hold.claimed.row;
    check_eq!(there(&s, row).await?, [1, 2], "after the start");
    hold.apply(&s, Commit { large: fields(&[3]), ..hold.commit(Some(root(&hold, &[3])), Next::Run) }).await?;
    check_eq!(there(&s, row).await?, [1, 2, 3], "after a commit");
    let none = s.store.large_fields(row, vec![]).await?;
    check_eq!(none, [], "none asked for");
    check_eq!(there(&s, row + 1_000).await?, [], "of an execution that is not there");
    Ok(())
}

pub(super) async fn large_fields_belong_to_one_execution(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let first = started(&s, "a", &[1]).await?;
    let mut second = started(&s, "b", &[]).await?;
    check_eq!(there(&s, second.claimed.row).await?, [], "of another execution");
    second.apply(&s, swept(&second, &[1])).await?;
    second.apply(&s, swept(&second, &[])).await?;
    check_eq!(there(&s, second.claimed.row).await?, [], "swept");
    check_eq!(there(&s, first.claimed.row).await?, [1], "of another execution, which was not swept");
    Ok(())
}

pub(super) async fn what_is_there_already_stays_as_it_is(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[1]).await?;
    let again = LargeField { bytes: (*b"other").into(), ..field(1) };
    let commit = Commit {
        large: vec![again, field(2), field(2)],
        ..hold.commit(Some(root(&hold, &[1, 2])), Next::Run)
    };
    hold.apply(&s, commit).await?;
    check_eq!(there(&s, hold.claimed.row).await?, [1, 2], "given twice");
    let existing = s.store.start(start(&s, "a", &[3])?).await?;
    check_matches!(existing, Started::Existing { .. }, "second start");
    check_eq!(there(&s, hold.claimed.row).await?, [1, 2], "after a second start with another input");
    Ok(())
}

pub(super) async fn fenced_commit_leaves_large_fields_alone(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[]).await?;
    let stale = hold.clone();
    hold.apply(&s, swept(&hold, &[1])).await?;
    s.check_fenced(swept(&stale, &[2]), "an old epoch").await?;
    let later = Hold { epoch: hold.epoch + 1, ..hold.clone() };
    s.check_fenced(swept(&later, &[]), "an epoch to come").await?;
    check_eq!(there(&s, hold.claimed.row).await?, [1], "after commits that were fenced");
    Ok(())
}

pub(super) async fn only_what_no_snapshot_refers_to_is_swept(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[1]).await?;
    let row = hold.claimed.row;
    let open = Commit {
        frames: vec![child(&hold, &[2, 3])],
        next_frame: Some(2),
        large: fields(&[2, 3, 4]),
        ..hold.commit(Some(root(&hold, &[3, 4])), Next::Run)
    };
    hold.apply(&s, open).await?;
    check_eq!(there(&s, row).await?, [1, 2, 3, 4], "of the start, of the root and of a child");
    hold.apply(&s, hold.commit(Some(root(&hold, &[])), Next::Run)).await?;
    check_eq!(there(&s, row).await?, [1, 2, 3, 4], "without a sweep");
    hold.apply(&s, swept(&hold, &[])).await?;
    check_eq!(there(&s, row).await?, [1, 2, 3], "the child's and the start's stay");
    hold.apply(&s, Commit { closed: vec![1], ..swept(&hold, &[3]) }).await?;
    check_eq!(there(&s, row).await?, [1, 3], "the child has ended");
    hold.apply(&s, Commit { sweep: true, ..hold.commit(None, Next::Run) }).await?;
    check_eq!(there(&s, row).await?, [1, 3], "a commit that writes no frame");
    Ok(())
}

pub(super) async fn end_sweeps_all_but_the_starts(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for (status, left) in [
        (Status::Succeeded, &[1][..]),
        (Status::Cancelled, &[1]),
        (Status::Failed, &[1, 2]),
        (Status::SetAside, &[1, 2]),
    ] {
        let mut hold = started(&s, &format!("ends as {status}"), &[1]).await?;
        hold.apply(&s, swept(&hold, &[1, 2])).await?;
        let outcome = Outcome { status, output: None, error: None };
        hold.apply(&s, Commit { sweep: true, ..hold.commit(None, Next::Finish(outcome)) }).await?;
        check_eq!(there(&s, hold.claimed.row).await?, left, "of what has ended as {status}");
    }
    Ok(())
}

pub(super) async fn nothing_is_swept_beside_a_snapshot_that_cannot_be_read(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[]).await?;
    hold.apply(&s, swept(&hold, &[1])).await?;
    let mut damaged = refers(&[1]).to_vec();
    damaged[24] ^= 1;
    let broken = FrameWrite { snapshot: Some((hold.schema, damaged.into())), ..hold.write() };
    hold.apply(&s, Commit { sweep: true, ..hold.commit(Some(broken), Next::Run) }).await?;
    check_eq!(there(&s, hold.claimed.row).await?, [1], "what a damaged snapshot may refer to");
    hold.apply(&s, swept(&hold, &[2])).await?;
    check_eq!(there(&s, hold.claimed.row).await?, [2], "once it has been replaced");
    Ok(())
}

pub(super) async fn kept_snapshots_keep_their_large_fields(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[]).await?;
    let row = hold.claimed.row;
    for of in 1..=3 {
        hold.apply(&s, Commit { keep: 2, ..swept(&hold, &[of]) }).await?;
    }
    check_eq!(there(&s, row).await?, [2, 3], "of the two that are kept");
    hold.apply(&s, swept(&hold, &[4])).await?;
    check_eq!(there(&s, row).await?, [2, 3, 4], "of the two that are kept, and where it stands");
    // Not told to sweep: but another one of the kept has to go.
    hold.apply(&s, Commit { keep: 1, sweep: false, ..swept(&hold, &[5]) }).await?;
    check_eq!(there(&s, row).await?, [5], "of the one that is kept");
    Ok(())
}

pub(super) async fn rewind_sweeps_what_it_leaves_behind(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[]).await?;
    let row = hold.claimed.row;
    hold.apply(&s, Commit { keep: 5, ..swept(&hold, &[1]) }).await?;
    let epoch = hold.epoch;
    hold.apply(&s, swept(&hold, &[2])).await?;
    let outcome = Outcome { status: Status::Failed, output: None, error: None };
    hold.apply(&s, hold.commit(None, Next::Finish(outcome))).await?;
    s.store.rewind(RewindRequest { id: id("a")?, epoch, note: "by ada".into() }).await?;
    check_eq!(there(&s, row).await?, [1], "after the rewind");
    check_eq!(s.record("a").await?.frames[0].snapshot, refers(&[1]), "snapshot");
    Ok(())
}

pub(super) async fn edit_replaces_and_sweeps_large_fields(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[]).await?;
    let damaged = LargeField { bytes: (*b"damaged").into(), ..field(1) };
    let commit =
        Commit { large: vec![damaged, field(2)], ..hold.commit(Some(root(&hold, &[1, 2])), Next::Run) };
    hold.apply(&s, commit).await?;
    s.release(&hold).await?;
    let a = id("a")?;
    let request = |large: &[u8], epoch| EditRequest {
        id: a.clone(),
        epoch,
        frames: vec![(0, refers(large))],
        large: fields(large),
        note: "by ada".into(),
    };
    let moved = s.store.edit(request(&[4], hold.epoch + 1)).await;
    check_matches!(moved, Err(_), "edit of another epoch");
    s.store.edit(request(&[1, 3], hold.epoch)).await?;
    check_eq!(there(&s, hold.claimed.row).await?, [1, 3], "after the edit");
    Ok(())
}

pub(super) async fn fork_has_large_fields_of_its_own(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = started(&s, "a", &[1]).await?;
    let fork = ForkRequest {
        from: id("a")?,
        start: start(&s, "b", &[2])?,
        visit: 1,
        due: None,
        event: None,
        note: String::new(),
        note_of_new: String::new(),
    };
    check_matches!(s.store.fork(fork).await?, Started::New(None), "fork");
    let new = s.claim_one().await?;
    hold.finish(&s, Status::Succeeded).await?;
    check_eq!(there(&s, new.claimed.row).await?, [2], "of the fork");
    Ok(())
}

pub(super) async fn large_fields_over_the_limit_are_refused(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let max = s.subject.payload_max()?;
    let over = || vec![LargeField { content: content(1), bytes: vec![0; max + 1].into() }];
    let refused = s.store.start(StartRequest { large: over(), ..start(&s, "over", &[1])? }).await;
    check_matches!(refused, Err(StoreError::PayloadTooLarge { .. }), "start");
    check_eq!(s.store.execution(&id("over")?).await?.is_none(), true, "nothing was started");
    let hold = started(&s, "a", &[]).await?;
    let refused = s.commit(Commit { large: over(), ..swept(&hold, &[1]) }).await;
    check_matches!(refused, Err(CommitError::Store(StoreError::PayloadTooLarge { .. })), "commit");
    check_eq!(s.record("a").await?.epoch, hold.epoch, "nothing was committed");
    Ok(())
}
