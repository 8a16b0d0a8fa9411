//! What a release of the program does when it is asked to, each time as a process of its own.

use durable::{Client, Handle, Input, SqliteStore, Status, Worker, Workflow};
use serde_json::Value as Json;
use std::{error::Error, time::Duration};

type Done = Result<(), Box<dyn Error>>;

/// What is asked on the command line: `begin 5`, `start`, `wait`, `go-on`, `go-back EventGo.note`, `finish` or `serve 5`, after a change and a
/// database.
pub(crate) struct Asked {
    pub(crate) change: String,
    pub(crate) database: String,
    pub(crate) what: String,
    more: Option<String>,
}

impl Asked {
    pub(crate) fn of_this_process() -> Option<Self> {
        let mut arguments = std::env::args().skip(1);
        let (change, database, what) = (arguments.next()?, arguments.next()?, arguments.next()?);
        Some(Self { change, database, what, more: arguments.next() })
    }

    fn executions(&self) -> Result<u64, Box<dyn Error>> {
        Ok(self.more.as_deref().map_or(Ok(1), str::parse)?)
    }

    /// What may be lost, with a comma between; `None`: nothing was said.
    fn losses(&self) -> Option<Vec<&str>> {
        let paths = self.more.as_deref().filter(|_| self.what == "go-back")?;
        Some(paths.split(',').filter(|path| !path.is_empty()).collect())
    }
}

/// Does it, with this release's workflow. Only the first release has an input to begin with.
pub(crate) async fn run<W: Workflow<Output = String>>(asked: Asked, input: Option<fn() -> Input<W>>) -> Done {
    let store = SqliteStore::open(&asked.database).await?;
    let client = Client::new(&store);
    let input = || input.ok_or("this release begins nothing");
    if asked.what == "start" {
        client.start::<W>(id(0), input()?()).await?;
        return Ok(());
    }
    let builder = Worker::builder(&store).register::<W>();
    let builder = match asked.losses() {
        Some(losses) => builder.accept_loss::<W>(&losses),
        None => builder,
    };
    // Before a worker goes on with it.
    let stands = client.state_json(id(0)).await.ok();
    let worker = builder.start().await?;
    match &*asked.what {
        "begin" => begin(&client, asked.executions()?, input()?).await?,
        "wait" => until_parked(&client.handle::<W>(id(0))?).await?,
        "go-on" | "go-back" => go_on::<W>(&client, &worker, stands.ok_or("nothing stands anywhere")?).await?,
        "finish" => say_result(&client.handle::<W>(id(0))?).await,
        "serve" => serve::<W>(&client, asked.executions()?).await?,
        other => return Err(format!("`{other}` is nothing that a release does").into()),
    }
    worker.shutdown().await?;
    Ok(())
}

fn id(number: u64) -> String {
    format!("order-{number}")
}

/// Starts executions, until they wait; and then sends them what they wait for, for another process.
async fn begin<W: Workflow>(client: &Client, executions: u64, input: fn() -> Input<W>) -> Done {
    let mut handles = Vec::new();
    for number in 0..executions {
        handles.push(client.start::<W>(id(number), input()).await?);
    }
    for handle in &handles {
        until_parked(handle).await?;
    }
    println!("waiting");
    Ok(())
}

async fn until_parked<W: Workflow>(handle: &Handle<W>) -> Done {
    while handle.record().await?.status != Status::Parked {
        // Nobody is told when an execution parks.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// Sends the execution what it waits for, and says what becomes of it.
async fn go_on<W: Workflow<Output = String>>(client: &Client, worker: &Worker, stands: Json) -> Done {
    let handle = client.handle::<W>(id(0))?;
    let left_out = worker.needs_migration().iter().filter(|left_out| stands["point"] == *left_out.point);
    let reasons: Vec<_> = left_out.map(|left_out| left_out.reason.replace('\n', " ")).collect();
    // It may have been sent before, and the execution have ended.
    let _ = handle.send("go", &1_u64).await;
    if reasons.is_empty() {
        say_result(&handle).await;
        return Ok(());
    }
    let record = handle.record().await?;
    println!("stays {:?} {} {}", record.status, record.crashes, reasons.join(" "));
    Ok(())
}

async fn say_result<W: Workflow<Output = String>>(handle: &Handle<W>) {
    match handle.result().await {
        Ok(output) => println!("continues {output}"),
        Err(error) => println!("set aside {}", error.to_string().replace('\n', " ")),
    }
}

/// Sends all executions what they wait for, and works until all have ended, here or in another process.
async fn serve<W: Workflow<Output = String>>(client: &Client, executions: u64) -> Done {
    for number in 0..executions {
        let handle = client.handle::<W>(id(number))?;
        // The other process may have been first, and the execution have ended.
        let _ = handle.send("go", &1_u64).await;
        say_result(&handle).await;
    }
    Ok(())
}
