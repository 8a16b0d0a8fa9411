//! What another version saved, damaged on the way: refused with its place, or read as some other value; never a panic.

use durable_core::{Description, Unreadable, describe};

mod was {
    #![allow(dead_code)]
    use crate::evolution::prelude::*;

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Cash,
        Card { number: u64, name: Option<String> },
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Order {
        id: u32,
        kind: Kind,
        lines: Vec<(String, u16)>,
        notes: BTreeMap<String, Vec<u8>>,
    }

    #[workflow]
    pub(crate) async fn place_order(order: Order) -> String {
        let _: u64 = event("go").await;
        format!("{order:?}")
    }

    pub(crate) fn saved() -> Vec<u8> {
        let kind = Kind::Card { number: 1 << 40, name: Some("ada".into()) };
        let lines = vec![("a".to_owned(), 1), ("b".to_owned(), 700)];
        let notes = BTreeMap::from([("n".to_owned(), vec![1, 2, 3])]);
        postcard::to_stdvec(&Order { id: 7, kind, lines, notes }).unwrap()
    }
}

mod is {
    #![allow(dead_code)]
    use crate::evolution::prelude::*;

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Voucher,
        Cash,
        Card { name: Option<String>, number: u128 },
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Order {
        #[serde(default)]
        express: bool,
        notes: BTreeMap<String, Vec<u8>>,
        lines: VecDeque<(String, u32)>,
        kind: Kind,
        id: u64,
    }

    #[workflow]
    pub(crate) async fn place_order(order: Order) -> String {
        let _: u64 = event("go").await;
        format!("{order:?}")
    }
}

fn descriptions() -> (&'static Description, &'static Description) {
    (describe::<was::place_order>().unwrap(), describe::<is::place_order>().unwrap())
}

/// Reads a payload of the first version's `EventGo` with the second one.
fn upgrade(payload: &[u8]) -> Result<(usize, Vec<u8>), Unreadable> {
    let (was, is) = descriptions();
    is.upgrade(&was.points[1], payload)
}

#[test]
fn whole_payload_is_read_field_by_field() {
    let (_, is) = descriptions();
    let (point, upgraded) = upgrade(&was::saved()).unwrap();
    let shown = is.points[point].decode(&upgraded).unwrap().to_string();
    assert_eq!(
        shown,
        "EventGo { order: Order { express: false, notes: {\"n\": [1, 2, 3]}, lines: [(\"a\", 1), (\"b\", 700)], \
         kind: Card { name: Some(\"ada\"), number: 1099511627776 }, id: 7 } }"
    );
}

#[test]
fn every_truncation_is_refused() {
    let saved = was::saved();
    for end in 0..saved.len() {
        let error = upgrade(&saved[..end]).unwrap_err();
        assert!(matches!(error, Unreadable::Damaged { .. }), "{end} bytes: {error}");
        let text = error.to_string();
        assert!(text.contains("`EventGo`") && text.contains("`place_order`"), "{text}");
    }
}

/// A checksum stands before all this; here the bytes come past it.
#[test]
fn every_flipped_bit_is_refused_or_another_value() {
    let (_, is) = descriptions();
    let saved = was::saved();
    let mut refused = 0;
    for bit in 0..saved.len() * 8 {
        let mut damaged = saved.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        match upgrade(&damaged) {
            Ok((point, upgraded)) => {
                is.points[point].decode(&upgraded).unwrap();
            }
            Err(error) => {
                assert!(matches!(error, Unreadable::Damaged { .. }), "bit {bit}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > saved.len(), "only {refused} of {} were refused", saved.len() * 8);
}

#[test]
fn hostile_lengths_allocate_nothing() {
    let saved = was::saved();
    // Each byte in turn as the beginning of a huge count.
    for at in 0..saved.len() {
        let mut hostile = saved[..at].to_vec();
        hostile.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        assert!(upgrade(&hostile).is_err(), "at byte {at}");
    }
}
