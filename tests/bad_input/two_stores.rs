//! Two workers on stores of their own, as two processes on one file would have them.

use crate::bad_input::{
    flows::{grow, note, pack},
    place::{Place, until, within},
};
use durable::{Client, Status};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_a_file_and_each_execution_runs_once() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    let (client_one, client_two) = (Client::new(&one), Client::new(&two));
    let ids: Vec<_> = (0..40).map(|n| format!("note-{n}")).collect();
    for id in &ids {
        client_one.start(id, note::input(id.clone())).await.unwrap();
    }
    let worker_one = place.builder(&one).concurrency(3).start().await.unwrap();
    let worker_two = place.builder(&two).concurrency(3).start().await.unwrap();
    for id in &ids {
        // Asked through the one store, whoever of the two ran it.
        let result = within(client_two.handle::<note>(id).unwrap().result()).await.unwrap();
        assert_eq!(result.unwrap(), format!("<{id}>"));
        assert_eq!(place.depot.count(&format!("<{id}>")), 1);
    }
    // Both start the same id with the same input: one execution.
    let parcel = || pack::input("parcel of both".into());
    let (first, second) =
        tokio::join!(client_one.start("both", parcel()), client_two.start("both", parcel()));
    until(&first.unwrap(), Status::Parked).await;
    place.ships(&client_two, "both").await;
    within(second.unwrap().result()).await.unwrap();
    assert_eq!(place.depot.count("label parcel of both"), 1);
    worker_one.shutdown().await.unwrap();
    worker_two.shutdown().await.unwrap();
    assert_eq!(client_one.list(Default::default()).await.unwrap().len(), 41);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_one_dies_the_other_takes_over_and_the_dead_can_write_nothing() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    place.depot.shut();
    let dying = place.builder(&one).register::<grow>().start().await.unwrap();
    let handle = Client::new(&one).start("a", grow::input(10)).await.unwrap();
    within(place.depot.arrived(1)).await;
    // Its lock is free, as after its death, though it goes on: then only epoch and fence keep it from writing.
    one.abandon(dying.id());

    let beat = Duration::from_millis(20);
    let survivor = place.builder(&two).register::<grow>().beat(beat).lease(beat * 100).start().await.unwrap();
    within(place.depot.arrived(2)).await;
    place.depot.open();
    assert_eq!(within(Client::new(&two).handle::<grow>("a").unwrap().result()).await.unwrap(), 10);
    within(async {
        // The counters follow the store's notices by a moment.
        while dying.stats().hot > 0 || survivor.stats().hot > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!((dying.stats().finished, survivor.stats().finished), (0, 1));
    assert_eq!(place.depot.count("grown"), 1, "only one of the two goes on");
    assert_eq!(within(handle.result()).await.unwrap(), 10, "the result is the same from both sides");
    survivor.shutdown().await.unwrap();
    dying.shutdown().await.unwrap();
}

mod undelivered {
    use durable::{step, workflow};

    #[step(retry(attempts = 3, initial = "1h", max = "1h", jitter = "none"))]
    async fn post(letter: &str) -> Result<String, String> {
        Err(format!("nobody takes {letter}"))
    }

    #[workflow]
    pub(super) async fn deliver(letter: String) -> Result<String, String> {
        post(&letter).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_cancels_does_not_wait_for_its_next_attempt() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    let builder = place.builder(&one).register::<undelivered::deliver>();
    let worker = builder.park_after(Duration::from_secs(7_200)).start().await.unwrap();
    let handle = Client::new(&two).start("a", undelivered::deliver::input("a letter".into())).await.unwrap();
    within(async {
        // It stays in memory, so nobody is told.
        while handle.record().await.unwrap().frames[0].failed == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert_eq!((handle.status().await.unwrap(), worker.stats().hot), (Status::Running, 1));
    assert!(handle.cancel().await.unwrap());
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(error, durable::ClientError::Cancelled { .. }), "{error:?}");
    worker.shutdown().await.unwrap();
}
