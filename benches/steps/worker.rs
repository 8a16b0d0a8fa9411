//! The real thing: a worker and a client on a SQLite file, nothing tuned.

use crate::{
    Case, Result, Waves,
    order::Order,
    workload::{STEPS, ten_steps},
};
use durable::{Client, SqliteStore, Worker};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use tokio::task::JoinSet;

/// Carries every wave of the case.
pub(crate) fn run(folder: &Path, case: Case) -> Result<Waves> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // In a task, as the code of a server is: the runtime's main thread would be woken for each result.
    runtime.block_on(runtime.spawn(carry(folder.to_owned(), case)))?
}

async fn carry(folder: PathBuf, case: Case) -> Result<Waves> {
    let store = SqliteStore::open(folder.join("durable.db")).await?;
    let worker = Worker::builder(&store).register::<ten_steps>().start().await?;
    let client = Client::new(&store);
    // One execution first: the client has registered what it starts, and both sides are warm.
    execution(client.clone(), "warm".into()).await?;
    let mut waves = Waves::with_capacity(case.waves);
    for wave in 0..case.waves {
        let begun = Instant::now();
        if case.concurrent == 1 {
            execution(client.clone(), format!("{wave}")).await?;
        } else {
            together(&client, wave, case.concurrent).await?;
        }
        waves.push(begun.elapsed());
    }
    // A result is there as soon as the commit is durable, a moment before the worker has counted it.
    while worker.stats().hot > 0 {
        tokio::task::yield_now().await;
    }
    let (commits, expected) = (worker.stats().commits, (1 + case.waves * case.concurrent) * (STEPS + 1));
    worker.shutdown().await?;
    // The start is the client's commit, the others are the worker's (C5).
    if commits == expected as u64 {
        Ok(waves)
    } else {
        Err(format!("{commits} commits were made instead of {expected}").into())
    }
}

/// All started at once, each from a task of its own, and each result awaited.
async fn together(client: &Client, wave: usize, concurrent: usize) -> Result<()> {
    let mut executions = JoinSet::new();
    for index in 0..concurrent {
        executions.spawn(execution(client.clone(), format!("{wave}-{index}")));
    }
    while let Some(ended) = executions.join_next().await {
        ended??;
    }
    Ok(())
}

async fn execution(client: Client, id: String) -> Result<()> {
    let handle = client.start(&*id, ten_steps::input(Order::sample())).await?;
    let done = handle.result().await?;
    if done == STEPS as u64 { Ok(()) } else { Err(format!("execution {id} did {done} steps").into()) }
}
