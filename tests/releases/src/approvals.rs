//! An event and a result whose type is another one in each release: one of them sends, and one receives and returns.

use crate::release::Asked;
use durable::{Client, Durable, Input, SqliteStore, Status, Worker, Workflow};
use std::{error::Error, fmt::Debug, time::Duration};

const ID: &str = "approval-0";

/// Does what is asked: `wait`, `send`, `work`, `read` or `show`.
pub(crate) async fn run<W>(asked: Asked, input: Input<W>, value: W::Output) -> Result<(), Box<dyn Error>>
where
    W: Workflow,
    W::Output: Durable + Debug + Send + Sync + 'static,
{
    let store = SqliteStore::open(&asked.database).await?;
    let client = Client::new(&store);
    let handle = client.handle::<W>(ID)?;
    match &*asked.what {
        "wait" => {
            let worker = Worker::builder(&store).register::<W>().start().await?;
            client.start::<W>(ID, input).await?;
            while handle.status().await? != Status::Parked {
                // Nobody is told when an execution parks.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            worker.shutdown().await?;
        }
        "send" => handle.send("approved", &value).await?,
        "work" => {
            let worker = Worker::builder(&store).register::<W>().start().await?;
            println!("returned {:?}", handle.result().await?);
            worker.shutdown().await?;
        }
        "read" => println!("read {:?}", handle.result().await?),
        "show" => println!("shown {}", client.output_json(ID).await?),
        other => return Err(format!("`{other}` is none of `wait`, `send`, `work`, `read` and `show`").into()),
    }
    Ok(())
}
