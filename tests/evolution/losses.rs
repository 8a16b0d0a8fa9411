//! What may be lost on the way back to an earlier version: what is named, what is accepted, and what is left alone in any case.

use super::{
    deployed::until_parked,
    rolled_back::{PATIENCE, a_store, at, record, send, until},
};
use durable::{Client, Input, Status, Worker, Workflow};
use durable_core::memory::MemoryStore;

mod first {
    use crate::evolution::prelude::*;

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) lines: Vec<Line>,
        pub(super) by: Method,
        pub(super) ship_to: Address,
        pub(super) bill_to: Address,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Line {
        pub(super) cents: u64,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) enum Method {
        Cash,
        #[serde(other)]
        Unknown,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Address {
        pub(super) city: String,
    }

    #[workflow]
    pub(super) async fn place_order(id: u64) -> String {
        let line = Line { cents: id };
        let address = || Address { city: String::new() };
        let order: Order =
            Order { id, lines: vec![line], by: Method::Cash, ship_to: address(), bill_to: address() };
        let _: u64 = event("go").await;
        let cents: u64 = charge(order.id).await;
        format!("first: {id} {order:?} {cents}")
    }
}

/// Each thing that can be lost, once.
mod second {
    use crate::evolution::prelude::*;

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Order {
        #[serde(default)]
        pub(super) gift: Option<String>,
        pub(super) id: u64,
        pub(super) lines: Vec<Line>,
        pub(super) by: Method,
        pub(super) ship_to: Address,
        pub(super) bill_to: Address,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Line {
        pub(super) cents: u64,
        #[serde(default)]
        pub(super) note: String,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) enum Method {
        Cash,
        Card,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Address {
        pub(super) city: String,
        #[serde(default)]
        pub(super) zip: String,
    }

    #[workflow]
    pub(super) async fn place_order(id: u64) -> String {
        let line = Line { cents: id, note: "fragile".into() };
        let address = || Address { city: "Paris".into(), zip: "75001".into() };
        let order: Order = Order {
            gift: Some("wrapped".into()),
            id,
            lines: vec![line],
            by: Method::Card,
            ship_to: address(),
            bill_to: address(),
        };
        let coupon: u64 = 9;
        let _: u64 = event("go").await;
        let cents: u64 = charge(order.id).await;
        format!("second: {id} {order:?} {cents} {coupon}")
    }
}

const LOST: [&str; 6] = [
    "EventGo.order.gift",
    "EventGo.order.lines[].note",
    "EventGo.order.ship_to.zip",
    "EventGo.order.bill_to.zip",
    "EventGo.coupon",
    "EventGo.order.by::Card",
];

/// An execution that the second version has saved at its event, which has come.
async fn saved_by_the_second(store: &MemoryStore) -> durable::Handle<first::place_order> {
    let client = Client::new(store);
    let handle = client.start("one", first::place_order::input(7)).await.unwrap();
    let second = Worker::builder(store).register::<second::place_order>().start().await.unwrap();
    until_parked(store, "one").await;
    second.shutdown().await.unwrap();
    handle.send("go", &1_u64).await.unwrap();
    handle
}

#[tokio::test]
async fn what_would_be_lost_is_named_with_what_to_write() {
    let store = a_store();
    let handle = saved_by_the_second(&store).await;
    let worker = Worker::builder(&store).register::<first::place_order>().start().await.unwrap();
    let left_out = worker.needs_migration();
    let points: Vec<_> = left_out.iter().map(|left_out| left_out.point.as_str()).collect();
    assert_eq!(points, ["Start", "EventGo", "Charge"]);
    assert_eq!(left_out[1].lost, LOST);
    assert_eq!(
        left_out[1].reason,
        "a newer build saved it. This one would lose `EventGo.order.gift`, `EventGo.order.lines[].note`, `EventGo.order.ship_to.zip`, \
         `EventGo.order.bill_to.zip`, `EventGo.coupon`, `EventGo.order.by::Card` or parts of them: wait for the newer one, or say so \
         where this worker is built, with `.accept_loss::<place_order>(&[\"EventGo.order.gift\", \"EventGo.order.lines[].note\", \
         \"EventGo.order.ship_to.zip\", \"EventGo.order.bill_to.zip\", \"EventGo.coupon\", \"EventGo.order.by::Card\"])`"
    );
    assert_eq!(
        left_out[0].reason,
        "a newer build saved it. This one would lose nothing of it, but goes on with it only if it is told to: wait for the newer one, \
         or say so where this worker is built, with `.accept_loss::<place_order>(&[])`"
    );
    assert_eq!(handle.record().await.unwrap().fence, 1);
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn with_all_of_it_accepted_the_older_build_goes_on_and_the_newer_one_after_it() {
    let store = a_store();
    let handle = saved_by_the_second(&store).await;
    for missing in 0..LOST.len() {
        let mut most = LOST.to_vec();
        let path = most.remove(missing);
        let worker = Worker::builder(&store).register::<first::place_order>();
        let worker = worker.accept_loss::<first::place_order>(&most).start().await.unwrap();
        let left_out = worker.needs_migration().iter().find(|left_out| left_out.point == "EventGo").unwrap();
        assert_eq!(left_out.lost, [path], "what is not accepted yet");
        worker.shutdown().await.unwrap();
    }
    assert_eq!(handle.record().await.unwrap().fence, 1, "nobody has claimed it");

    let worker = Worker::builder(&store).register::<first::place_order>();
    let (some, others) = LOST.split_at(2);
    let worker =
        worker.accept_loss::<first::place_order>(some).accept_loss::<first::place_order>(others).start();
    let worker = worker.await.unwrap();
    let output = tokio::time::timeout(PATIENCE, handle.result()).await.expect("it goes on").unwrap();
    let address = "Address { city: \"Paris\" }";
    let order = format!(
        "Order {{ id: 7, lines: [Line {{ cents: 7 }}], by: Unknown, ship_to: {address}, bill_to: {address} }}"
    );
    assert_eq!(output, format!("first: 7 {order} 7"));
    worker.shutdown().await.unwrap();
}

mod stops {
    use crate::evolution::prelude::*;

    /// As [`super::first`], with less to lose, and a second place to wait at.
    #[workflow]
    pub(super) async fn place_order(id: u64) -> String {
        let _: u64 = event("go").await;
        let cents: u64 = charge(id).await;
        let _: u64 = event("on").await;
        format!("{id} {cents}")
    }
}

mod notes {
    use crate::evolution::prelude::*;

    #[workflow]
    pub(super) async fn place_order(id: u64) -> String {
        let coupon: u64 = 9;
        let _: u64 = event("go").await;
        let cents: u64 = charge(id).await;
        tracing::trace!(coupon, "used up");
        let _: u64 = event("on").await;
        format!("noted: {id} {cents}")
    }
}

#[tokio::test]
async fn the_first_commit_moves_it_and_the_newer_build_reads_it_as_any_older_one() {
    let store = a_store();
    let client = Client::new(&store);
    let handle = client.start("one", stops::place_order::input(7)).await.unwrap();
    let own = record(&store, "one").await.queue;
    let newer = Worker::builder(&store).register::<notes::place_order>().start().await.unwrap();
    until_parked(&store, "one").await;
    newer.shutdown().await.unwrap();
    assert_ne!(record(&store, "one").await.queue, own);

    let worker = Worker::builder(&store).register::<stops::place_order>();
    let worker = worker.accept_loss::<stops::place_order>(&["EventGo.coupon"]).start().await.unwrap();
    handle.send("go", &1_u64).await.unwrap();
    let moved = until(&store, "one", |record| record.queue == own && record.status == Status::Parked).await;
    assert_eq!(moved.frames[0].event.as_deref(), Some("on"));
    worker.shutdown().await.unwrap();

    handle.send("on", &1_u64).await.unwrap();
    let newer = Worker::builder(&store).register::<notes::place_order>().start().await.unwrap();
    let handle = client.handle::<notes::place_order>("one").unwrap();
    let output = tokio::time::timeout(PATIENCE, handle.result()).await.expect("it goes on").unwrap();
    assert_eq!(output, "noted: 7 7");
    newer.shutdown().await.unwrap();
}

/// The older one knows it by the name that it had before, or by a function that takes it.
mod before {
    use crate::evolution::prelude::*;

    #[workflow]
    pub(super) async fn place_order(id: u64) -> String {
        let _: u64 = event("go").await;
        format!("{id}")
    }

    pub(super) mod renamed {
        use super::*;

        #[workflow]
        pub(crate) async fn place_order(id: u64) -> String {
            #[at(Approval, was = "EventGo")]
            let _: u64 = event("go").await;
            format!("renamed: {id}")
        }
    }

    pub(super) mod migrated {
        use super::*;

        #[derive(Deserialize)]
        struct Waiting {
            id: u64,
        }

        #[workflow(migrate(EventGo = with_found))]
        pub(crate) async fn place_order(id: u64) -> String {
            let found: u64 = charge(id).await;
            let _: u64 = event("go").await;
            format!("migrated: {id} {found}")
        }

        fn with_found(old: Waiting) -> PlaceOrderState {
            PlaceOrderState::EventGo { id: old.id, found: 0 }
        }
    }
}

async fn is_accepted_as_a_whole<W: Workflow<Output = String>>(input: fn() -> Input<W>, expected: &str) {
    let store = a_store();
    let client = Client::new(&store);
    let handle = client.start("one", input()).await.unwrap();
    let newer = Worker::builder(&store).register::<before::place_order>().start().await.unwrap();
    until_parked(&store, "one").await;
    newer.shutdown().await.unwrap();
    send(&store, "one").await;

    let saved = record(&store, "one").await;
    let worker = Worker::builder(&store).register::<W>().accept_loss::<W>(&[]).start().await.unwrap();
    let left_out = at(&worker, &saved).expect("nobody can say what it loses");
    assert_eq!(left_out.lost, ["EventGo"]);
    assert!(left_out.reason.contains("`.accept_loss::<place_order>(&[\"EventGo\"])`"), "{}", left_out.reason);
    worker.shutdown().await.unwrap();

    let worker =
        Worker::builder(&store).register::<W>().accept_loss::<W>(&["EventGo"]).start().await.unwrap();
    let output = tokio::time::timeout(PATIENCE, handle.result()).await.expect("it goes on").unwrap();
    assert_eq!(output, expected);
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_await_point_that_has_another_name_here_is_accepted_as_a_whole() {
    is_accepted_as_a_whole(|| before::renamed::place_order::input(7), "renamed: 7").await;
}

#[tokio::test]
async fn what_a_migration_takes_is_accepted_as_a_whole() {
    is_accepted_as_a_whole(|| before::migrated::place_order::input(7), "migrated: 7 0").await;
}

/// The newer one pays in one way more.
mod pays {
    macro_rules! version {
        ($name:ident: $($variant:ident),*) => {
            #[allow(dead_code)]
            pub(in super::super) mod $name {
                use crate::evolution::prelude::*;

                #[derive(Debug, Serialize, Deserialize)]
                enum Method { $($variant),* }

                #[workflow]
                pub(crate) async fn place_order(id: u64) -> String {
                    let by: Method = Method::Cash;
                    let _: u64 = event("go").await;
                    format!("{id} {by:?}")
                }
            }
        };
    }
    version!(once: Cash, Card);
    version!(now: Cash, Gift, Card);
}

#[tokio::test]
async fn a_variant_that_the_older_build_does_not_know_cannot_be_accepted() {
    use pays::{now, once};
    let store = a_store();
    let client = Client::new(&store);
    let handle = client.start("one", once::place_order::input(7)).await.unwrap();
    let newer = Worker::builder(&store).register::<now::place_order>().start().await.unwrap();
    until_parked(&store, "one").await;
    newer.shutdown().await.unwrap();
    let saved = record(&store, "one").await;
    let worker = Worker::builder(&store).register::<once::place_order>();
    let worker = worker.accept_loss::<once::place_order>(&["EventGo", "EventGo.by", "EventGo.by::Gift"]);
    let worker = worker.start().await.unwrap();
    let left_out = at(&worker, &saved).expect("what is saved there may be a gift");
    assert!(left_out.reason.contains("unknown variant `Gift`"), "{}", left_out.reason);
    assert!(left_out.lost.is_empty(), "nothing helps: {:?}", left_out.lost);
    send(&store, "one").await;
    worker.shutdown().await.unwrap();
    assert_eq!(handle.record().await.unwrap().fence, saved.fence);
}

/// A worker looks at other builds as it starts.
#[tokio::test]
async fn what_registers_later_is_left_alone_until_the_worker_starts_again() {
    let store = a_store();
    let client = Client::new(&store);
    let builder = || {
        let builder = Worker::builder(&store).register::<stops::place_order>();
        builder.accept_loss::<stops::place_order>(&["EventGo.coupon"])
    };
    let worker = builder().start().await.unwrap();
    assert!(worker.needs_migration().is_empty());
    // Not even if it is started in this very process.
    let handle = client.start("one", notes::place_order::input(7)).await.unwrap();
    let other = client.start("other", stops::place_order::input(8)).await.unwrap();
    for event in ["go", "on"] {
        handle.send(event, &1_u64).await.unwrap();
        other.send(event, &1_u64).await.unwrap();
    }
    assert_eq!(tokio::time::timeout(PATIENCE, other.result()).await.unwrap().unwrap(), "8 8");
    assert_eq!(handle.record().await.unwrap().fence, 0);
    worker.shutdown().await.unwrap();

    let worker = builder().start().await.unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, handle.result()).await.unwrap().unwrap(), "7 7");
    // And what is started now.
    let handle = client.start("late", notes::place_order::input(9)).await.unwrap();
    for event in ["go", "on"] {
        handle.send(event, &1_u64).await.unwrap();
    }
    assert_eq!(tokio::time::timeout(PATIENCE, handle.result()).await.unwrap().unwrap(), "9 9");
    worker.shutdown().await.unwrap();
}

/// The parents save the very same, and only what they call is different.
mod children {
    pub(super) mod older {
        use crate::evolution::prelude::*;

        #[workflow]
        pub(crate) async fn approval(id: u64) -> u64 {
            let by: u64 = event("go").await;
            id + by
        }

        #[workflow]
        pub(crate) async fn place_order(id: u64) -> String {
            let by: u64 = approval(id).await;
            format!("older: {id} {by}")
        }
    }

    pub(super) mod newer {
        use crate::evolution::prelude::*;

        #[workflow]
        pub(crate) async fn approval(id: u64) -> u64 {
            let note: u64 = id * 10;
            let by: u64 = event("go").await;
            id + by + note
        }

        #[workflow]
        pub(crate) async fn place_order(id: u64) -> String {
            let by: u64 = approval(id).await;
            format!("newer: {id} {by}")
        }
    }
}

/// An execution whose event has come, and that a worker of the older build was given and has left alone.
async fn left_inside_a_newer_child() -> (MemoryStore, durable::Handle<children::newer::place_order>) {
    use children::{newer, older};
    let store = a_store();
    let client = Client::new(&store);
    let old = client.start("old", older::place_order::input(7)).await.unwrap();
    let worker = Worker::builder(&store).register::<older::place_order>().start().await.unwrap();
    until_parked(&store, "old").await;
    worker.shutdown().await.unwrap();
    let handle = client.start("one", newer::place_order::input(7)).await.unwrap();
    let worker = Worker::builder(&store).register::<newer::place_order>().start().await.unwrap();
    until_parked(&store, "one").await;
    worker.shutdown().await.unwrap();
    let saved = record(&store, "one").await;
    assert_eq!(saved.queue, record(&store, "old").await.queue, "of one queue");

    send(&store, "one").await;
    let worker = Worker::builder(&store).register::<older::place_order>().start().await.unwrap();
    until(&store, "one", |record| record.fence > saved.fence).await;
    send(&store, "old").await;
    let output = tokio::time::timeout(PATIENCE, old.result()).await.expect("its own goes on").unwrap();
    assert_eq!(output, "older: 7 8");
    worker.shutdown().await.unwrap();
    let found = record(&store, "one").await;
    assert_eq!((found.epoch, found.crashes), (saved.epoch, 0), "nothing is written: {found:?}");
    (store, handle)
}

#[tokio::test]
async fn a_newer_child_of_a_parent_that_is_the_same_is_left_to_the_newer_build() {
    use children::newer;
    let (store, handle) = left_inside_a_newer_child().await;
    let worker = Worker::builder(&store).register::<newer::place_order>().start().await.unwrap();
    let output = tokio::time::timeout(PATIENCE, handle.result()).await.expect("it goes on").unwrap();
    assert_eq!(output, "newer: 7 78", "with what the newer build saved");
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_newer_child_is_gone_on_with_where_its_loss_is_accepted() {
    use children::older;
    let (store, handle) = left_inside_a_newer_child().await;
    let worker = Worker::builder(&store).register::<older::place_order>().register::<older::approval>();
    let worker = worker.accept_loss::<older::approval>(&["EventGo.note"]).start().await.unwrap();
    let output = tokio::time::timeout(PATIENCE, handle.result()).await.expect("it goes on").unwrap();
    assert_eq!(output, "older: 7 8");
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_loss_of_a_workflow_that_is_not_registered_is_refused_in_words() {
    #[durable::workflow(version = 2)]
    async fn refund(id: u64) -> u64 {
        id
    }
    let store = a_store();
    let worker = Worker::builder(&store).register::<first::place_order>().accept_loss::<refund>(&[]);
    assert_eq!(
        worker.start().await.unwrap_err().to_string(),
        "`.accept_loss::<refund>(..)` is about version 2 of workflow `refund`, which this worker does not run: add \
         `.register::<refund>()`, or remove it"
    );
}

#[tokio::test]
async fn what_an_older_build_saved_inside_a_child_and_this_one_cannot_read_is_left_to_it() {
    let store = a_store();
    let client = Client::new(&store);
    let handle = client.start("one", children::older::place_order::input(7)).await.unwrap();
    let older = || Worker::builder(&store).register::<children::older::place_order>();
    let worker = older().start().await.unwrap();
    until_parked(&store, "one").await;
    worker.shutdown().await.unwrap();
    let saved = record(&store, "one").await;
    send(&store, "one").await;

    let newer = Worker::builder(&store).register::<children::newer::place_order>().start().await.unwrap();
    until(&store, "one", |record| record.fence > saved.fence).await;
    let older = older().start().await.unwrap();
    let output = tokio::time::timeout(PATIENCE, handle.result()).await.expect("it goes on").unwrap();
    assert_eq!(output, "older: 7 8", "by the older build, in one fleet with the newer one");
    newer.shutdown().await.unwrap();
    older.shutdown().await.unwrap();
}
