//! A full disk, played by SQLite's own limit of pages: everybody waits or is told, and goes on when there is space.

use crate::bad_input::{
    flows::{grow, note, tally},
    place::{Place, names, within},
};
use durable::{
    Client, ClientError, SqliteStore, Status,
    store::{Filter, StoreError},
};

#[tokio::test]
async fn on_a_full_disk_clients_are_told_and_executions_wait_and_all_goes_on_with_space() {
    let place = Place::new();
    let store = SqliteStore::builder(&place.file).page_count_max(80).open().await.unwrap();
    place.depot.shut();
    let worker = place.builder(&store).register::<grow>().register::<tally>();
    // What is compressed would fit.
    let worker = worker.compress_above(None).start().await.unwrap();
    let client = Client::new(&store).compress_above(None);
    let growing = client.start("growing", grow::input(200_000)).await.unwrap();
    within(place.depot.arrived(1)).await;

    // Inputs of nobody's workflow fill the file: no worker here takes them.
    let mut acknowledged = Vec::new();
    let error = loop {
        let id = format!("big-{}", acknowledged.len());
        match client.start(id.as_str(), grow_elsewhere::input("x".repeat(20_000))).await {
            Ok(_) => acknowledged.push(id),
            Err(error) => break error,
        }
        assert!(acknowledged.len() < 100, "the limit does not hold");
    };
    told(&place, &error);

    place.depot.open();
    let refused = format!("big-{}", acknowledged.len());
    // Its attempts go through the same writer as the commit of what passes the gate.
    let error = client.start(refused.as_str(), grow_elsewhere::input("x".repeat(20_000))).await.unwrap_err();
    told(&place, &error);
    within(async {
        while place.depot.count("passed") == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let error = client.start(refused.as_str(), grow_elsewhere::input("x".repeat(20_000))).await.unwrap_err();
    told(&place, &error);
    assert_eq!(place.depot.count("grown"), 0, "C3: nothing runs before its await point is durable");
    let record = growing.record().await.unwrap();
    assert_eq!((record.status, record.epoch), (Status::Running, 1), "what was committed stays");

    store.set_page_count_max(100_000);
    assert_eq!(within(growing.result()).await.unwrap(), 200_000);
    assert_eq!((place.depot.count("passed"), place.depot.count("grown")), (1, 1), "nothing ran twice");
    within(client.start("late", note::input("late".into())).await.unwrap().result()).await.unwrap().unwrap();
    let filter = Filter { workflow: Some("grow_elsewhere".into()), ..Filter::default() };
    let kept = client.list(filter).await.unwrap();
    assert_eq!(kept.len(), acknowledged.len(), "each acknowledged start is there, and no other");
    assert!(kept.iter().all(|record| record.frames[0].snapshot.len() > 20_000));
    client.start(refused.as_str(), grow_elsewhere::input("x".repeat(20_000))).await.unwrap();
    worker.shutdown().await.unwrap();
}

fn told(place: &Place, error: &ClientError) {
    assert!(matches!(error, ClientError::Store(StoreError::Full { .. })), "{error:?}");
    assert!(error.is_transient(), "{error:?}");
    names(error, &[&place.file.display().to_string(), "is full", "free some space", "goes on by itself"]);
}

use elsewhere::grow_elsewhere;

mod elsewhere {
    //! A workflow that no worker here has.

    use crate::bad_input::flows::Depot;
    use durable::workflow;

    #[workflow]
    pub(crate) async fn grow_elsewhere(depot: &Depot, load: String) -> usize {
        depot.ship(&load).await;
        load.len()
    }
}
