//! A workflow in two versions: the earlier one saved what the later one reads.

#![allow(dead_code, reason = "the workflows are read, not run")]

use durable_core::{
    Description, PointSchema, Workflow, describe,
    event::encode_event,
    snapshot::{self, Header},
};
use durable_macros::workflow;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::OnceLock};

/// Types of every kind, and the workflow over them.
macro_rules! version {
    ($id:ty, $($more:tt)*) => {
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Order {
            pub id: $id,
            pub lines: Vec<Line>,
            pub by: Method,
            pub tree: Tree,
            pub marks: Vec<()>,
            pub notes: BTreeMap<String, Option<char>>,
            pub odd: (bool, f32, i128, [i16; 3]),
            $($more)*
        }

        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Line {
            pub sku: String,
            pub cents: Cents,
        }

        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Cents(pub $id);

        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub enum Method {
            Cash,
            Card($id),
            Both(u8, u8),
            Wire { iban: String, bic: Option<String> },
        }

        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Tree {
            pub left: Option<Box<Tree>>,
            pub rest: Vec<Tree>,
        }

        #[workflow]
        pub async fn ledger(order: Order, rounds: u32) -> String {
            let mut paid: Vec<String> = Vec::new();
            for _ in 0..rounds {
                let payment: String = durable_core::event("payment").await;
                paid.push(payment);
            }
            #[at(Done)]
            async { format!("{order:?}, {paid:?}") }.await
        }
    };
}

mod first {
    use super::{BTreeMap, Deserialize, Serialize, workflow};
    version!(u16, pub gone: u8,);
}

mod second {
    use super::{BTreeMap, Deserialize, Serialize, workflow};
    version!(u64, #[serde(default)] pub note: String,);
}

/// The later version.
pub type Ledger = second::ledger;

/// What it is about, in both versions.
pub use first::Order as EarlierOrder;
pub use second::Order;

fn described<W: Workflow>() -> &'static Description {
    describe::<W>().expect("its types can be traced")
}

/// What both versions save at each of their await points, and payloads of it.
pub fn points() -> &'static [(PointSchema, Vec<u8>)] {
    static POINTS: OnceLock<Vec<(PointSchema, Vec<u8>)>> = OnceLock::new();
    POINTS.get_or_init(|| {
        let mut points = Vec::new();
        for point in &described::<first::ledger>().points {
            points.push((point.clone(), payload(point, &first_order())));
        }
        for point in &described::<Ledger>().points {
            points.push((point.clone(), payload(point, &second_order())));
        }
        for (point, payload) in &points {
            point.decode(payload).expect("samples are valid");
        }
        points
    })
}

/// As the macro saves the locals of the workflow.
fn payload<T: Serialize>(point: &PointSchema, order: &T) -> Vec<u8> {
    let mut payload = Vec::new();
    for (name, _) in &point.fields {
        let bytes = match name.as_str() {
            "order" => postcard::to_stdvec(order),
            "rounds" => postcard::to_stdvec(&3_u32),
            "paid" => postcard::to_stdvec(&["a", "bc"].as_slice()),
            // What is left of `0..rounds`.
            _ => postcard::to_stdvec(&(1_u32, 3_u32)),
        };
        payload.extend(bytes.expect("samples can be saved"));
    }
    payload
}

fn first_order() -> first::Order {
    let leaf = first::Tree { left: None, rest: Vec::new() };
    first::Order {
        id: 40_000,
        lines: vec![first::Line { sku: "größe".into(), cents: first::Cents(1) }],
        by: first::Method::Wire { iban: "DE".into(), bic: Some("X".into()) },
        tree: first::Tree { left: Some(Box::new(leaf.clone())), rest: vec![leaf] },
        marks: vec![(); 3],
        notes: [("a".to_owned(), Some('ß')), ("b".to_owned(), None)].into(),
        odd: (true, 0.5, -1, [i16::MIN, 0, 1]),
        gone: 9,
    }
}

fn second_order() -> second::Order {
    second::Order {
        id: u64::MAX,
        lines: Vec::new(),
        by: second::Method::Both(1, 2),
        tree: second::Tree { left: None, rest: Vec::new() },
        marks: Vec::new(),
        notes: BTreeMap::new(),
        odd: (false, f32::NAN, i128::MIN, [0; 3]),
        note: "n".into(),
    }
}

/// Blobs of both versions, with their schemas and without.
pub fn blobs() -> &'static [Vec<u8>] {
    static BLOBS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    BLOBS.get_or_init(|| {
        let mut blobs = Vec::new();
        for (point, payload) in points() {
            let header = Header {
                workflow: Ledger::NAME.to_owned(),
                point: point.name.clone(),
                fingerprint: point.fingerprint(),
                instance: [7; 16],
                run: 0,
                epoch: 2,
                frame: 0,
                parent: None,
                visit: 1,
                failed: 0,
            };
            for schema in [Some(point.to_bytes()), None] {
                blobs.push(snapshot::encode(&header, schema.as_deref(), payload).expect("a sample is small"));
            }
        }
        blobs
    })
}

/// An order of each version, sent as an event.
pub fn orders() -> &'static (Vec<u8>, Vec<u8>) {
    static ORDERS: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    ORDERS.get_or_init(|| {
        let (earlier, today) = (encode_event(&first_order()), encode_event(&second_order()));
        (earlier.expect("a sample can be sent"), today.expect("a sample can be sent"))
    })
}

/// The lock file of the example.
pub fn lock_text() -> &'static str {
    include_str!("../../examples/place_order/workflows.lock")
}
