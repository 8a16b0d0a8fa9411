//! Changed code under running executions: two modules play two builds of one program.

use crate::bad_input::{
    flows::{Depot, Seal},
    place::{Place, names, until, within},
};
use durable::{Client, ClientError, SqliteStore, Status, Worker, store::Filter};
use serde_json::json;

mod old {
    //! The build that started them.

    use super::{Depot, Seal};
    use durable::{event, workflow};

    #[workflow]
    pub(crate) async fn deliver(depot: &Depot, address: String) -> String {
        let label: String = depot.label(&address).await;
        let seal: Seal = event("seal").await;
        format!("{label} by {}", seal.by)
    }
}

mod new {
    //! The same await points with another field, and one that the old build does not have.

    use super::{Depot, Seal};
    use durable::{event, workflow};

    #[workflow]
    pub(crate) async fn deliver(depot: &Depot, address: String, express: bool) -> String {
        let label: String = depot.label(&address).await;
        let seal: Seal = event("seal").await;
        depot.ship(&label).await;
        format!("{label} by {}, express: {express}", seal.by)
    }
}

mod bare {
    //! Without the event.

    use super::Depot;
    use durable::workflow;

    #[workflow]
    pub(crate) async fn deliver(depot: &Depot, address: String) -> String {
        depot.label(&address).await
    }
}

async fn seal<W: durable::Workflow>(client: &Client, id: &str) -> durable::Handle<W> {
    let handle = client.handle::<W>(id).unwrap();
    handle.send("seal", &Seal { by: "ada".into() }).await.unwrap();
    handle
}

/// Two executions of the old build: one waits for its seal, one has not begun.
async fn two_of_the_old(place: &Place, store: &SqliteStore) {
    let client = Client::new(store);
    let worker = old_worker(place, store).await;
    let parked = client.start("parked", old::deliver::input("Rome".into())).await.unwrap();
    until(&parked, Status::Parked).await;
    worker.shutdown().await.unwrap();
    client.start("ready", old::deliver::input("Oslo".into())).await.unwrap();
}

async fn old_worker(place: &Place, store: &SqliteStore) -> Worker {
    let builder = Worker::builder(store).resource(place.depot.clone());
    builder.register::<old::deliver>().start().await.unwrap()
}

#[tokio::test]
async fn executions_of_an_older_build_are_left_to_it_and_stay_readable() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    two_of_the_old(&place, &store).await;
    // Due now, both of them, and before anything of the new build.
    seal::<old::deliver>(&client, "parked").await;
    let fresh = client.start("fresh", new::deliver::input("Bonn".into(), true)).await.unwrap();
    let before = client.list(Filter::default()).await.unwrap();

    let builder = Worker::builder(&store).resource(place.depot.clone());
    let worker = builder.register::<new::deliver>().start().await.unwrap();
    seal::<new::deliver>(&client, "fresh").await;
    // What is due is claimed together and in order, so the old ones had their chance before this one ended.
    assert_eq!(within(fresh.result()).await.unwrap(), "<Bonn> by ada, express: true");
    worker.shutdown().await.unwrap();
    for id in ["parked", "ready"] {
        let was = before.iter().find(|record| record.id.as_str() == id).unwrap();
        let record = client.handle::<old::deliver>(id).unwrap().record().await.unwrap();
        assert_eq!(
            (record.status, record.epoch, record.fence, record.queue),
            (was.status, was.epoch, was.fence, was.queue),
            "{id} was touched by a build that cannot run it"
        );
        let error = client.handle::<new::deliver>(id).unwrap().state().await.unwrap_err();
        assert!(matches!(error, ClientError::OtherBuild { .. }), "{error:?}");
        let point = if id == "ready" { "await point `Start`" } else { "await point `EventSeal`" };
        names(
            &error,
            &[&format!("`{id}`"), "`express` is needed", point, "another build", "read it with that build"],
        );
    }
    let state = client.handle::<old::deliver>("parked").unwrap().state().await.unwrap();
    assert!(matches!(state, old::DeliverState::EventSeal { label } if label == "<Rome>"));
    let state = client.handle::<old::deliver>("ready").unwrap().state().await.unwrap();
    assert!(matches!(state, old::DeliverState::Start { address } if address == "Oslo"));
    // As JSON it is read by the schema in the store: neither build is needed.
    let json = client.state_json("parked").await.unwrap();
    let expected = json!({ "workflow": "deliver", "point": "EventSeal", "state": { "label": "<Rome>" } });
    assert_eq!(json, expected);
    assert_eq!(client.handle::<new::deliver>("parked").unwrap().state_json().await.unwrap(), expected);
    // The id is taken, whatever the build.
    let error = client.start("ready", new::deliver::input("Oslo".into(), false)).await.unwrap_err();
    assert!(matches!(error, ClientError::Conflict { .. }), "{error:?}");

    let worker = old_worker(&place, &store).await;
    for (id, output) in [("parked", "<Rome> by ada"), ("ready", "<Oslo> by ada")] {
        let handle = seal::<old::deliver>(&client, id).await;
        assert_eq!(within(handle.result()).await.unwrap(), output);
    }
    assert_eq!(place.depot.count("label Rome"), 1, "nothing ran twice");
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn both_builds_work_side_by_side_on_one_file() {
    let place = Place::new();
    let (store, other) = (place.open().await, place.open().await);
    two_of_the_old(&place, &store).await;
    let old_worker = old_worker(&place, &store).await;
    let builder = Worker::builder(&other).resource(place.depot.clone());
    let new_worker = builder.register::<new::deliver>().start().await.unwrap();
    let client = Client::new(&store);
    let fresh = client.start("fresh", new::deliver::input("Bonn".into(), false)).await.unwrap();
    for id in ["parked", "ready"] {
        let handle = seal::<old::deliver>(&client, id).await;
        within(handle.result()).await.unwrap();
    }
    seal::<new::deliver>(&client, "fresh").await;
    assert_eq!(within(fresh.result()).await.unwrap(), "<Bonn> by ada, express: false");
    assert_eq!((old_worker.stats().set_aside, new_worker.stats().set_aside), (0, 0));
    new_worker.shutdown().await.unwrap();
    old_worker.shutdown().await.unwrap();
}

/// Somebody moves the row of an execution to the queue of a build that cannot go on from it.
async fn moved_to_another_queue(place: &Place, store: &SqliteStore, build: &str) -> durable::store::QueueId {
    let home = Client::new(store).handle::<old::deliver>("parked").unwrap().record().await.unwrap().queue;
    start_build(place, store, build).await.shutdown().await.unwrap();
    place.sql(
        "UPDATE execution SET queue = (SELECT max(queue) FROM queue) WHERE id = ?1 AND queue <> (SELECT max(queue) FROM queue)",
        ["parked"],
    );
    home
}

async fn start_build(place: &Place, store: &SqliteStore, build: &str) -> Worker {
    let builder = Worker::builder(store).resource(place.depot.clone());
    let builder = match build {
        "new" => builder.register::<new::deliver>(),
        "bare" => builder.register::<bare::deliver>(),
        _ => builder.register::<crate::bad_input::flows::note>(),
    };
    builder.start().await.unwrap()
}

#[tokio::test]
async fn what_a_build_cannot_go_on_from_is_left_alone_even_in_its_own_queue() {
    for (build, reason) in [
        ("new", "`express` is needed at await point `EventSeal`"),
        ("bare", "this build has no such await point"),
    ] {
        let place = Place::new();
        let store = place.open().await;
        let client = Client::new(&store);
        two_of_the_old(&place, &store).await;
        moved_to_another_queue(&place, &store, build).await;
        let handle = seal::<old::deliver>(&client, "parked").await;
        let was = handle.record().await.unwrap();

        let worker = start_build(&place, &store, build).await;
        let found = worker.needs_migration().iter().find(|found| found.point == "EventSeal").unwrap();
        assert_eq!(found.workflow, "deliver");
        assert!(found.reason.contains(reason), "{found:?}");
        // It stands before any other that is due, and does not keep this one from being claimed.
        match build {
            "new" => {
                let fresh = client.start("fresh", new::deliver::input("Bonn".into(), true)).await.unwrap();
                seal::<new::deliver>(&client, "fresh").await;
                within(fresh.result()).await.unwrap();
            }
            _ => {
                let fresh = client.start("fresh", bare::deliver::input("Bonn".into())).await.unwrap();
                within(fresh.result()).await.unwrap();
            }
        }
        worker.shutdown().await.unwrap();
        let record = handle.record().await.unwrap();
        assert_eq!((record.status, record.epoch, record.fence), (was.status, was.epoch, was.fence));
    }
}

#[tokio::test]
async fn snapshot_of_another_workflow_is_set_aside_and_goes_on_in_its_own() {
    let place = Place::new();
    let store = place.open().await;
    let client = Client::new(&store);
    two_of_the_old(&place, &store).await;
    let home = moved_to_another_queue(&place, &store, "note").await;
    let handle = seal::<old::deliver>(&client, "parked").await;

    let worker = start_build(&place, &store, "note").await;
    let error = within(handle.result()).await.unwrap_err();
    assert!(matches!(error, ClientError::SetAside { .. }), "{error:?}");
    let reason = "the snapshot is of workflow `deliver`, but `note` is called there";
    names(&error, &["`parked`", "`deliver`", reason, "build that"]);
    worker.shutdown().await.unwrap();

    place.sql("UPDATE execution SET queue = ?2 WHERE id = ?1", ("parked", home.0));
    place.redrive("parked");
    let worker = old_worker(&place, &store).await;
    assert_eq!(within(handle.result()).await.unwrap(), "<Rome> by ada");
    seal::<old::deliver>(&client, "ready").await;
    within(client.handle::<old::deliver>("ready").unwrap().result()).await.unwrap();
    worker.shutdown().await.unwrap();
}
