//! Races: eight tasks at one store (fault 9). They are real only in a runtime with several threads.

use super::{
    failure::{Checked, check, check_eq},
    scenario::{Hold, Scenario, id},
    subject::Subject,
};
use durable_core::store::{
    ClaimRequest, Commit, CommitError, FrameWrite, Next, Park, SendRequest, Sent, StartRequest, Started,
    Status,
};
use std::{collections::HashSet, sync::Arc};
use tokio::{sync::Barrier, task::JoinSet};

const TASKS: usize = 8;
const ROUNDS: usize = 200;

async fn all<T: 'static>(mut tasks: JoinSet<Checked<T>>) -> Checked<Vec<T>> {
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.push(result??);
    }
    Ok(results)
}

pub(super) async fn every_execution_is_claimed_by_one_worker(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for at in 0..ROUNDS {
        s.start(&format!("a{at:03}")).await?;
    }
    let barrier = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (s, barrier) = (s.clone(), Arc::clone(&barrier));
        tasks.spawn(async move {
            let worker = s.store.join("racer").await?;
            barrier.wait().await;
            let mut claimed = Vec::new();
            loop {
                let claims = s.store.claim(s.claim_request(worker, 3)).await?;
                if claims.claimed.is_empty() {
                    return Ok(claimed);
                }
                claimed.extend(claims.claimed);
                tokio::task::yield_now().await;
            }
        });
    }
    let mut owners = HashSet::new();
    for claimed in all(tasks).await?.into_iter().flatten() {
        check_eq!((claimed.fence, claimed.crashes), (1, 0), "fence and crashes of `{}`", claimed.id);
        check!(owners.insert(claimed.row), "`{}` was claimed twice", claimed.id);
    }
    check_eq!(owners.len(), ROUNDS, "executions claimed");
    Ok(())
}

pub(super) async fn one_execution_goes_to_one_of_many_claims(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.start("a").await?;
    for round in 1..=ROUNDS {
        let barrier = Arc::new(Barrier::new(TASKS));
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (s, barrier) = (s.clone(), Arc::clone(&barrier));
            tasks.spawn(async move {
                barrier.wait().await;
                Ok(s.claim(1).await?.claimed)
            });
        }
        let claimed: Vec<_> = all(tasks).await?.into_iter().flatten().collect();
        check_eq!(claimed.len(), 1, "claims of one execution that won round {round}");
        check_eq!(claimed[0].fence, round as u64, "fence in round {round}");
        s.release(&Hold::new(claimed[0].clone(), s.schemas[1])).await?;
    }
    Ok(())
}

pub(super) async fn one_of_many_commits_of_one_epoch_wins(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    let mut hold = s.started("a").await?;
    for round in 1..=ROUNDS {
        let barrier = Arc::new(Barrier::new(TASKS));
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (s, barrier, commit) = (s.clone(), Arc::clone(&barrier), hold.run_commit());
            tasks.spawn(async move {
                barrier.wait().await;
                Ok(s.commit(commit).await)
            });
        }
        let answers = all(tasks).await?;
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        let fenced = answers.iter().filter(|answer| matches!(answer, Err(CommitError::Fenced))).count();
        check_eq!((won, fenced), (1, TASKS - 1), "won and fenced commits of round {round}");
        hold.epoch += 1;
        hold.visit += 1;
    }
    check_eq!(s.record("a").await?.epoch, ROUNDS as u64, "epoch: one for each round, no gaps");
    Ok(())
}

pub(super) async fn one_of_many_starts_of_one_id_is_new(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for round in 0..ROUNDS / 4 {
        let barrier = Arc::new(Barrier::new(TASKS));
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (s, barrier) = (s.clone(), Arc::clone(&barrier));
            let snapshot = format!("input of task {task}").into_bytes().into();
            let request = StartRequest { snapshot, ..s.start_request(&format!("a{round}"))? };
            tasks.spawn(async move {
                barrier.wait().await;
                Ok(matches!(s.store.start(request).await?, Started::New(_)))
            });
        }
        let new = all(tasks).await?.into_iter().filter(|new| *new).count();
        check_eq!(new, 1, "new executions of one id in round {round}");
    }
    check_eq!(s.claim(1000).await?.claimed.len(), ROUNDS / 4, "executions");
    Ok(())
}

pub(super) async fn one_of_many_sends_of_one_event_counts(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    s.started("a").await?.park(&s, None, Some("x")).await?;
    for round in 0..ROUNDS / 4 {
        let barrier = Arc::new(Barrier::new(TASKS));
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (s, barrier) = (s.clone(), Arc::clone(&barrier));
            let (event_id, payload) = (format!("e{round}"), vec![1]);
            let request = SendRequest { execution: id("a")?, event_id, name: "x".into(), payload };
            tasks.spawn(async move {
                barrier.wait().await;
                Ok(s.store.send(request).await?)
            });
        }
        let accepted = all(tasks).await?.into_iter().filter(|sent| *sent == Sent::Accepted).count();
        check_eq!(accepted, 1, "accepted sends of one event in round {round}");

        let mut hold = s.claim_one().await?;
        let Some(event) = hold.claimed.event.clone() else {
            check!(false, "the event of round {round} was not delivered");
            return Ok(());
        };
        check_eq!(event.seq, round as u64 + 1, "number of the event");
        // One commit consumes it and waits for the next.
        let root = FrameWrite { event: Some("x".into()), ..hold.write() };
        let park = Park { wake: None, mail: hold.claimed.mail, error: None, keep_due: false };
        let commit = Commit { consumed: vec![event.seq], ..hold.commit(Some(root), Next::Park(park)) };
        hold.apply(&s, commit).await?;
    }
    s.check_nothing_due("after every event was consumed").await
}

pub(super) async fn event_that_meets_a_park_is_never_lost(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for round in 0..ROUNDS {
        let name = format!("a{round}");
        let mut hold = s.started(&name).await?;
        let mail = hold.claimed.mail;
        let barrier = Arc::new(Barrier::new(2));
        let sender = {
            let (s, barrier, name) = (s.clone(), Arc::clone(&barrier), name.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                s.check_accepted(&name, "e1", "x").await
            })
        };
        barrier.wait().await;
        hold.park_having_read(&s, None, Some("x"), mail).await?;
        sender.await??;
        let mut hold = s.claim_one().await?;
        check!(hold.claimed.event.is_some(), "round {round}: the event is there and was not delivered");
        hold.finish(&s, Status::Succeeded).await?;
    }
    Ok(())
}

pub(super) async fn takeover_against_commit_has_one_winner(subject: Subject) -> Checked {
    let s = Scenario::new(subject).await?;
    for round in 0..ROUNDS / 4 {
        let name = format!("a{round}");
        s.start(&name).await?;
        let victim = s.store.join("victim").await?;
        let stalled = s.claim_one_as(victim).await?;
        s.give_up(victim, s.worker).await?;
        let barrier = Arc::new(Barrier::new(2));
        let committer = {
            let (s, barrier, commit) = (s.clone(), Arc::clone(&barrier), stalled.run_commit());
            tokio::spawn(async move {
                barrier.wait().await;
                s.commit(commit).await
            })
        };
        barrier.wait().await;
        let request = ClaimRequest { alone: true, ..s.claim_request(s.worker, 10) };
        let claimed = s.store.claim(request).await?.claimed;
        let committed = committer.await?;
        check_eq!(claimed.len(), 1, "executions claimed in round {round}");
        // Either the commit came first and the claim saw it, or it is fenced.
        check_eq!(claimed[0].epoch, u64::from(committed.is_ok()), "epoch seen by the claim in round {round}");
        check!(
            matches!(committed, Ok(_) | Err(CommitError::Fenced)),
            "the stalled owner's commit in round {round}: found {committed:?}"
        );
        Hold::new(claimed[0].clone(), s.schemas[1]).finish(&s, Status::Succeeded).await?;
    }
    Ok(())
}
