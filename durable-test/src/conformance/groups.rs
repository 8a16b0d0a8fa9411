//! Groups: one answer for each member, and no member spoils another.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, Scenario},
    subject::Subject,
};
use durable_core::store::{Commit, CommitError, Release, StoreError};

async fn started_many(s: &Scenario, count: u32) -> Checked<Vec<Hold>> {
    for at in 0..count {
        s.start(&format!("a{at:04}")).await?;
    }
    let mut claimed = s.claim(count).await?.claimed;
    check_eq!(claimed.len(), count as usize, "claimed");
    claimed.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(claimed.into_iter().map(|claimed| Hold::new(claimed, s.schemas[1])).collect())
}

pub(super) async fn empty_group_has_no_answers(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    check_eq!(s.store.commit(vec![]).await.len(), 0, "answers to an empty group");
    s.store.release(vec![]).await?;
    Ok(())
}

pub(super) async fn answers_come_in_the_order_given(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let holds = started_many(&s, 300).await?;
    // Neither sorted by row nor the reverse of it; every third member is fenced.
    let order: Vec<usize> = (0..300).map(|at| at * 7 % 300).collect();
    let group =
        order.iter().map(|at| Hold { epoch: u64::from(at % 3 == 0), ..holds[*at].clone() }.run_commit());
    let answers = s.store.commit(group.collect()).await;
    check_eq!(answers.len(), 300, "answers");
    for (at, answer) in order.into_iter().zip(answers) {
        let fenced = matches!(answer, Err(CommitError::Fenced));
        check!(fenced || answer.is_ok(), "member {at}: found {answer:?}");
        check_eq!(fenced, at % 3 == 0, "whether member {at} is fenced");
        check_eq!(
            s.record(&format!("a{at:04}")).await?.epoch,
            u64::from(at % 3 != 0),
            "epoch of member {at}"
        );
    }
    Ok(())
}

pub(super) async fn oversized_member_spoils_only_itself(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let max = s.subject.payload_max()?;
    let holds = started_many(&s, 3).await?;
    let mut group: Vec<Commit> = holds.iter().map(Hold::run_commit).collect();
    if let Some(root) = &mut group[1].root {
        root.snapshot = Some((s.schemas[1], vec![0; max + 1].into()));
    }
    let answers = s.store.commit(group).await;
    check_eq!(answers.len(), 3, "answers");
    check!(answers[0].is_ok() && answers[2].is_ok(), "the neighbours: found {answers:?}");
    check!(
        matches!(answers[1], Err(CommitError::Store(StoreError::PayloadTooLarge { .. }))),
        "the oversized member: found {:?}",
        answers[1]
    );
    for (at, epoch) in [1, 0, 1].into_iter().enumerate() {
        check_eq!(s.record(&format!("a{at:04}")).await?.epoch, epoch, "epoch of member {at}");
    }
    Ok(())
}

pub(super) async fn one_of_two_equal_members_wins(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let holds = started_many(&s, 2).await?;
    let group = vec![holds[0].run_commit(), holds[1].run_commit(), holds[0].run_commit()];
    let answers = s.store.commit(group).await;
    let [one, neighbour, other] = &answers[..] else {
        check!(false, "{} answers to three members", answers.len());
        return Ok(());
    };
    check!(neighbour.is_ok(), "the neighbour: found {neighbour:?}");
    check!(one.is_ok() != other.is_ok(), "one of two equal members must win: found {one:?} and {other:?}");
    check!(
        [one, other].iter().any(|answer| matches!(answer, Err(CommitError::Fenced))),
        "the other one must be fenced: found {one:?} and {other:?}"
    );
    check_eq!(s.record("a0000").await?.epoch, 1, "epoch");
    Ok(())
}

pub(super) async fn stale_release_spoils_only_itself(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let holds = started_many(&s, 3).await?;
    let release = |at: usize, fence| Release { row: holds[at].claimed.row, fence };
    s.store.release(vec![release(2, 1), release(0, 9), release(1, 1)]).await?;
    let mut claimed = s.claim(10).await?.claimed;
    claimed.sort_by(|one, other| one.id.cmp(&other.id));
    let ids: Vec<_> = claimed.iter().map(|claimed| claimed.id.as_str()).collect();
    check_eq!(ids, ["a0001", "a0002"], "claimed after the release");
    Ok(())
}
