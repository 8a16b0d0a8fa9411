//! The store without a worker: the same groups as the ideal loop, through [`Store`].
//!
//! It tells what of the difference is the store's and what is the runtime's.

use crate::{
    Case, Result, Waves,
    order::Order,
    workload::{STEPS, ten_steps},
};
use durable::{
    ExecutionId, SqliteStore, Status, Store, describe,
    store::{
        Claimed, Commit, FrameWrite, Next, Outcome, Registered, Registration, StartRequest, Started, WorkerId,
    },
};
use durable_core::stored::stamp;
use std::{path::Path, time::Instant};

const GROUP: usize = 1_000;

/// Carries every wave of the case.
pub(crate) fn run(folder: &Path, case: Case) -> Result<Waves> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(carry(folder, case))
}

async fn carry(folder: &Path, case: Case) -> Result<Waves> {
    let store = SqliteStore::open(folder.join("store.db")).await?;
    let description = describe::<ten_steps>()?;
    let registration = Registration {
        workflow: description.name.to_owned(),
        version: description.version,
        fingerprint: description.fingerprint,
        points: description.points.clone(),
    };
    let numbers = store.register(registration).await?;
    let worker = store.join("bench").await?;
    wave(&store, &numbers, worker, "warm", 1).await?;
    let mut waves = Waves::with_capacity(case.waves);
    for index in 0..case.waves {
        let begun = Instant::now();
        wave(&store, &numbers, worker, &index.to_string(), case.concurrent).await?;
        waves.push(begun.elapsed());
    }
    store.leave(worker).await?;
    Ok(waves)
}

async fn wave(
    store: &SqliteStore,
    numbers: &Registered,
    worker: WorkerId,
    name: &str,
    concurrent: usize,
) -> Result<()> {
    let mut requests = Vec::with_capacity(concurrent);
    for index in 0..concurrent {
        let mut snapshot = ten_steps::input(Order::sample()).into_bytes()?;
        stamp(&mut snapshot, numbers.schemas[0], 0);
        requests.push(StartRequest {
            id: ExecutionId::new(format!("{name}-{index}"))?,
            queue: numbers.queue,
            schema: numbers.schemas[0],
            instance: [7; 16],
            priority: 0,
            snapshot: snapshot.into(),
            large: Vec::new(),
            claim_for: Some(worker),
        });
    }
    let mut executions = Vec::with_capacity(concurrent);
    while !requests.is_empty() {
        let group = requests.drain(..requests.len().min(GROUP)).collect();
        for started in store.start_group(group).await {
            match started? {
                Started::New(Some(claimed)) => executions.push((*claimed, Order::sample())),
                other => return Err(format!("a start was answered with {other:?}").into()),
            }
        }
    }
    for step in 1..=STEPS + 1 {
        for group in executions.chunks_mut(GROUP) {
            let commits: Result<Vec<Commit>> =
                group.iter_mut().map(|(claimed, order)| commit(numbers, claimed, order, step)).collect();
            for answer in store.commit(commits?).await {
                answer?;
            }
        }
    }
    Ok(())
}

/// The commit of one step, or after the last the finish.
fn commit(numbers: &Registered, claimed: &Claimed, order: &mut Order, step: usize) -> Result<Commit> {
    let (root, next) = if step <= STEPS {
        let schema = numbers.schemas[step];
        let mut snapshot = ten_steps::input(order.clone()).into_bytes()?;
        stamp(&mut snapshot, schema, step as u64);
        order.steps_done += 1;
        let write = FrameWrite {
            frame: 0,
            parent: None,
            visit: step as u64,
            failed: 0,
            snapshot: Some((schema, snapshot.into())),
            due: None,
            event: None,
        };
        (Some(write), Next::Run)
    } else {
        let outcome = Outcome { status: Status::Succeeded, output: Some(vec![0; 17]), error: None };
        (None, Next::Finish(outcome))
    };
    Ok(Commit {
        row: claimed.row,
        epoch: step as u64 - 1,
        fence: claimed.fence,
        root,
        frames: Vec::new(),
        closed: Vec::new(),
        next_frame: None,
        consumed: Vec::new(),
        queue: None,
        keep: 0,
        large: Vec::new(),
        sweep: false,
        next,
    })
}
