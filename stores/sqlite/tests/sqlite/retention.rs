//! What a file forgets, so that it does not grow for ever (E4, G5, G6).

use crate::fixture::{Opened, Place, id};
use durable_core::{
    memory::ManualClock,
    store::{Commit, HistoryKind, Next, Park, SendRequest, Store},
};
use durable_sqlite::SqliteStore;
use rusqlite::Connection;
use std::{sync::Arc, time::Duration};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn ids_of_consumed_events_go_with_a_beat_after_seven_days() {
    let place = Place::new();
    let clock = Arc::new(ManualClock::new(1_000_000));
    let store = SqliteStore::builder(&place.file).clock(clock.clone()).open().await.unwrap();
    let opened = Opened::of(store).await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("e", worker).await;
    for n in 1..=600 {
        let event_id = format!("event {n}");
        let event = SendRequest { execution: id("e"), event_id, name: "n".into(), payload: vec![1] };
        opened.store.send(event).await.unwrap();
    }
    // One stays unread: it is kept, however old.
    let consumed = (1..600).collect();
    opened.commit(Commit { consumed, ..opened.run(&claimed, 0, b"next") }).await.unwrap();
    let events = || {
        let conn = Connection::open(&place.file).unwrap();
        conn.query_row("SELECT count(*) FROM event", [], |r| r.get::<_, i64>(0)).unwrap()
    };
    clock.advance(7 * DAY - Duration::from_millis(1));
    opened.store.beat(worker, DAY).await.unwrap();
    assert_eq!(events(), 600);
    clock.advance(Duration::from_millis(1));
    opened.store.beat(worker, DAY).await.unwrap();
    assert_eq!(events(), 1);
}

#[tokio::test]
async fn history_keeps_the_newest_entries_of_an_execution() {
    let place = Place::new();
    let opened = place.open().await;
    let worker = opened.store.join("w").await.unwrap();
    let claimed = opened.start_claimed("e", worker).await;
    let park = |epoch| {
        let next = Next::Park(Park { wake: None, mail: 0, error: None, keep_due: false });
        Commit { next, ..opened.run(&claimed, epoch, b"next") }
    };
    let parks = 2_500;
    assert!(opened.store.commit((0..parks).map(park).collect()).await.iter().all(Result::is_ok));
    let history = opened.store.history(&id("e")).await.unwrap();
    assert!((1_000..1_100).contains(&history.len()), "{}", history.len());
    assert_eq!(history[0].kind, HistoryKind::Started);
    let last = history.last().unwrap();
    assert_eq!((last.kind, last.epoch), (HistoryKind::Parked, parks));
}
