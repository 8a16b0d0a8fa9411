//! What a release of the program does when it is asked to, each time as a process of its own.

use durable::{Client, Handle, Input, SqliteStore, Status, Worker, Workflow};
use std::{error::Error, time::Duration};

type Done = Result<(), Box<dyn Error>>;

/// What is asked on the command line: `begin 5`, `go-on`, `finish` or `serve 5`, after a change and a database.
pub(crate) struct Asked {
    pub(crate) change: String,
    pub(crate) database: String,
    pub(crate) what: String,
    executions: u64,
}

impl Asked {
    pub(crate) fn of_this_process() -> Option<Self> {
        let mut arguments = std::env::args().skip(1);
        let (change, database, what) = (arguments.next()?, arguments.next()?, arguments.next()?);
        let executions = arguments.next().map_or(Some(1), |number| number.parse().ok())?;
        Some(Self { change, database, what, executions })
    }
}

/// Does it, with this release's workflow. Only the first release has an input to begin with.
pub(crate) async fn run<W: Workflow<Output = String>>(asked: Asked, input: Option<fn() -> Input<W>>) -> Done {
    let store = SqliteStore::open(&asked.database).await?;
    let client = Client::new(&store);
    let worker = Worker::builder(&store).register::<W>().start().await?;
    match &*asked.what {
        "begin" => begin(&client, asked.executions, input.ok_or("this release begins nothing")?).await?,
        "go-on" => go_on::<W>(&client, &worker).await?,
        "finish" => say_result(&client.handle::<W>(id(0))?).await,
        "serve" => serve::<W>(&client, asked.executions).await?,
        other => return Err(format!("`{other}` is neither `begin`, `go-on`, `finish` nor `serve`").into()),
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
        while handle.record().await?.status != Status::Parked {
            // Nobody is told when an execution parks.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    println!("waiting");
    Ok(())
}

/// Sends the execution what it waits for, and says what becomes of it.
async fn go_on<W: Workflow<Output = String>>(client: &Client, worker: &Worker) -> Done {
    let handle = client.handle::<W>(id(0))?;
    let stands = handle.state_json().await?;
    let left_out = worker.needs_migration().iter().filter(|left_out| stands["point"] == *left_out.point);
    let reasons: Vec<_> = left_out.map(|left_out| left_out.reason.replace('\n', " ")).collect();
    handle.send("go", &1_u64).await?;
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
