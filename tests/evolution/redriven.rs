//! A thousand executions that failed on one version, and are redriven onto the next with one call.

use durable::{Client, Input, Redriven, SqliteStore, Status, Worker, Workflow, store::Filter};
use durable_core::store::HistoryKind;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// How often anything before the mistake ran.
static RESERVED: AtomicUsize = AtomicUsize::new(0);

async fn reserve(id: u64) -> u64 {
    RESERVED.fetch_add(1, SeqCst);
    id
}

mod was {
    use super::reserve;
    use durable::{event, workflow};

    #[workflow]
    pub(crate) async fn place_order(id: u64) -> Result<String, String> {
        let reservation: u64 = reserve(id).await;
        let cents: u32 = event("cents").await;
        let total = u64::from(cents).checked_sub(reservation).ok_or("the total is negative")?;
        Ok(format!("{id} {total}"))
    }
}

/// The mistake is mended, and a step came behind.
mod is {
    use super::reserve;
    use durable::{event, workflow};

    async fn ship(total: i64) -> i64 {
        total
    }

    #[workflow]
    pub(crate) async fn place_order(id: u64) -> Result<String, String> {
        let reservation: u64 = reserve(id).await;
        let cents: u32 = event("cents").await;
        let total: i64 = ship(i64::from(cents) - reservation as i64).await;
        Ok(format!("{id} {total}"))
    }
}

const ORDERS: u64 = 1_000;

async fn result<W>(client: &Client, id: u64) -> Result<String, String>
where
    W: Workflow<Output = Result<String, String>>,
{
    client.handle::<W>(format!("{id:04}")).unwrap().result().await.unwrap()
}

fn input(id: u64) -> Input<was::place_order> {
    was::place_order::input(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_failed_executions_finish_on_the_next_version() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("orders.db")).await.unwrap();
    let client = Client::new(&store);
    let first = Worker::builder(&store).register::<was::place_order>().start().await.unwrap();
    for id in 1..=ORDERS {
        let handle = client.start(format!("{id:04}"), input(id)).await.unwrap();
        handle.send("cents", &0u32).await.unwrap();
    }
    for id in 1..=ORDERS {
        assert_eq!(result::<was::place_order>(&client, id).await, Err("the total is negative".into()));
    }
    first.shutdown().await.unwrap();
    let failed = Filter { status: Some(Status::Failed), limit: 2_000, ..Filter::default() };
    assert_eq!(client.list(failed).await.unwrap().len() as u64, ORDERS);

    let second = Worker::builder(&store).register::<is::place_order>().start().await.unwrap();
    let Redriven { redriven, refused, .. } = client.redrive_all(Filter::default()).await.unwrap();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(redriven, ORDERS);
    for id in 1..=ORDERS {
        let total = -i64::try_from(id).unwrap();
        assert_eq!(result::<is::place_order>(&client, id).await, Ok(format!("{id} {total}")));
    }
    assert_eq!(RESERVED.load(SeqCst) as u64, ORDERS, "what was done is not done again");
    let history = client.handle::<is::place_order>("0001").unwrap().history().await.unwrap();
    let kinds: Vec<_> = history.iter().map(|entry| entry.kind).collect();
    assert!(
        kinds.ends_with(&[HistoryKind::Finished, HistoryKind::Redriven, HistoryKind::Finished]),
        "{kinds:?}"
    );
    second.shutdown().await.unwrap();
}
