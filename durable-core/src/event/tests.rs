//! Values of other versions, and values that no program has sent.

use super::*;
use crate::schema::trace;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Approval {
    by: String,
    cents: u32,
}

/// The same, later.
mod later {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Approval {
        #[serde(default)]
        pub(super) note: Option<String>,
        pub(super) cents: u64,
        #[serde(alias = "by")]
        pub(super) approver: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "Approval")]
    pub(super) struct Strange {
        pub(super) by: String,
        pub(super) cents: String,
        pub(super) due: u64,
    }
}

fn sent() -> Vec<u8> {
    encode_event(&Approval { by: "ada".into(), cents: 5 }).unwrap()
}

#[test]
fn what_another_version_sent_is_read_by_names() {
    let bytes = sent();
    assert_eq!(event_fingerprint(&bytes).unwrap(), fingerprint_of_approval());
    assert!(matches!(decode_event::<later::Approval>(&bytes), Err(EventError::OtherType { .. })));
    let writer = trace::<Approval>().unwrap();
    let read: later::Approval = decode_event_from(&bytes, &writer).unwrap();
    assert_eq!(read, later::Approval { note: None, cents: 5, approver: "ada".into() });
    let shown = serde_json::to_value(event_value(&bytes, &writer).unwrap()).unwrap();
    assert_eq!(shown, serde_json::json!({ "by": "ada", "cents": 5 }));
}

fn fingerprint_of_approval() -> Fingerprint {
    trace::<Approval>().unwrap().fingerprint()
}

#[test]
fn what_cannot_be_made_of_it_says_where_what_was_what_is_and_what_to_do() {
    let error = decode_event_from::<later::Strange>(&sent(), &trace::<Approval>().unwrap()).unwrap_err();
    assert!(
        matches!(&error, EventError::OtherShape { differences, .. } if differences.len() == 2),
        "{error}"
    );
    let text = error.to_string();
    for part in [
        "Strange",
        "`cents`: invalid type: integer `5`, expected a string",
        "(`value.cents` was u32, is String, `value.due` is new: u64)",
        "#[serde(default)]",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn bytes_that_are_not_what_their_schema_says_are_an_error() {
    let writer = trace::<later::Strange>().unwrap();
    assert!(matches!(event_value(&sent(), &writer), Err(EventError::Decode(_))));
    assert!(matches!(
        event_value(&sent(), &trace::<String>().unwrap()),
        Err(EventError::Decode(DecodeError::Trailing { left: 1, .. }))
    ));
}

/// What serde alone would make of anything.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Rejection {
    reason: Option<String>,
}

#[test]
fn another_type_of_optional_fields_is_not_made_of_nothing() {
    let error = decode_event_from::<Rejection>(&sent(), &trace::<Approval>().unwrap()).unwrap_err();
    assert!(matches!(error, EventError::OtherShape { .. }), "{error}");
    assert!(error.to_string().contains("`Approval` has no field in common with `Rejection`"), "{error}");
}

#[test]
fn a_struct_of_another_name_and_one_without_the_old_fields_are_versions_of_it() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Consent {
        by: String,
    }
    let consent: Consent = decode_event_from(&sent(), &trace::<Approval>().unwrap()).unwrap();
    assert_eq!(consent, Consent { by: "ada".into() });
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "Approval")]
    struct Anew {
        #[serde(default)]
        id: u64,
    }
    let anew: Anew = decode_event_from(&sent(), &trace::<Approval>().unwrap()).unwrap();
    assert_eq!(anew, Anew { id: 0 });
}

/// Everything that a payload may be damaged in, with a checksum that says it is not.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Kinds {
    text: (bool, char, String, f32),
    list: Vec<Option<Kinds>>,
    map: BTreeMap<u8, Marker>,
    term: Term,
}

#[test]
fn damage_that_no_checksum_shows_is_an_error_or_another_value() {
    let leaf = Kinds {
        text: (true, 'x', "a".into(), 0.5),
        list: Vec::new(),
        map: BTreeMap::new(),
        term: Term::Number(1),
    };
    let term = Term::Sum(vec![Term::Number(300), Term::Sum(Vec::new())]);
    let kinds = Kinds {
        text: (false, 'ß', "bc".into(), 1.0),
        list: vec![None, Some(leaf)],
        map: [(1, Marker)].into(),
        term,
    };
    let (bytes, writer) = (encode_event(&kinds).unwrap(), trace::<Kinds>().unwrap());
    let payload = &bytes[HEADER_BYTES..];
    let judge = |damaged: &[u8]| {
        let bytes = claimed::<Kinds>(damaged);
        let (read, rebuilt) = (decode_event::<Kinds>(&bytes), decode_event_from::<Kinds>(&bytes, &writer));
        assert_eq!(read.is_ok(), rebuilt.is_ok(), "{read:?} {rebuilt:?}");
    };
    for bit in 0..payload.len() * 8 {
        let mut damaged = payload.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        judge(&damaged);
    }
    for at in 0..payload.len() {
        assert!(decode_event::<Kinds>(&claimed::<Kinds>(&payload[..at])).is_err());
        judge(&[&payload[..at], &ENDLESS, &payload[at..]].concat());
    }
}

/// A payload that claims to be a `T`.
fn claimed<T: DeserializeOwned + 'static>(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[FINGERPRINT].copy_from_slice(&Shape::of::<T>().unwrap().fingerprint().0);
    bytes.extend_from_slice(payload);
    stored::mark(&mut bytes, Packing::default());
    stored::sum(Form::Value, &mut bytes);
    bytes
}

fn refused<T: DeserializeOwned + 'static>(payload: &[u8]) -> DecodeError {
    let bytes = claimed::<T>(payload);
    let as_another = event_value(&bytes, &trace::<T>().unwrap());
    assert!(matches!(as_another, Err(EventError::Decode(_))), "read by its schema, too");
    match decode_event::<T>(&bytes) {
        Err(EventError::Decode(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{} was read", std::any::type_name::<T>()),
    }
}

/// The largest count.
const ENDLESS: [u8; 10] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Marker;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Markers {
    name: String,
    markers: Vec<(Marker, [(); 2])>,
}

#[test]
fn counts_of_elements_of_no_bytes_are_not_believed() {
    assert!(matches!(refused::<Vec<()>>(&ENDLESS), DecodeError::TooManyValues { .. }));
    assert!(matches!(refused::<BTreeSet<()>>(&ENDLESS), DecodeError::TooManyValues { .. }));
    assert!(matches!(refused::<BTreeMap<(), Marker>>(&ENDLESS), DecodeError::TooManyValues { .. }));
    assert!(matches!(refused::<HashMap<(), ()>>(&ENDLESS), DecodeError::TooManyValues { .. }));
    let named = [&[1, b'a'], &ENDLESS[..]].concat();
    assert!(matches!(refused::<Markers>(&named), DecodeError::TooManyValues { .. }));
    assert!(matches!(
        refused::<Option<Markers>>(&[&[1], &*named].concat()),
        DecodeError::TooManyValues { .. }
    ));
}

#[test]
fn honest_counts_of_elements_of_no_bytes_are_read() {
    let markers = Markers { name: "a".into(), markers: vec![(Marker, [(); 2]), (Marker, [(); 2])] };
    assert_eq!(decode_event::<Markers>(&encode_event(&markers).unwrap()).unwrap(), markers);
    let many = vec![(); 3_000_000];
    assert_eq!(decode_event::<Vec<()>>(&encode_event(&many).unwrap()).unwrap(), many);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Link {
    next: Option<Box<Link>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Term {
    Sum(Vec<Term>),
    Number(u64),
}

fn chain(links: usize) -> Link {
    (1..links).fold(Link { next: None }, |chain, _| Link { next: Some(Box::new(chain)) })
}

#[test]
fn depth_that_no_stack_holds_is_refused() {
    // Half of what threads have where nobody says more.
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let refused = small.spawn(|| {
        let deep = vec![1; 1 << 20];
        assert!(matches!(refused::<Link>(&deep), DecodeError::TooDeep { .. }));
        let sums: Vec<u8> = [0, 1].repeat(1 << 19);
        assert!(matches!(refused::<Term>(&sums), DecodeError::TooDeep { .. }));
        assert!(matches!(refused::<Vec<Term>>(&[&[1], &*sums].concat()), DecodeError::TooDeep { .. }));
    });
    refused.unwrap().join().unwrap();
}

#[test]
fn depth_that_programs_have_is_read_and_more_is_refused_before_it_is_sent() {
    let some = chain(150);
    assert_eq!(decode_event::<Link>(&encode_event(&some).unwrap()).unwrap(), some);
    let error = encode_event(&chain(1_000)).unwrap_err();
    assert!(matches!(error, EventError::Decode(DecodeError::TooDeep { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("512 levels") && text.contains("flatten the type"), "{text}");
}
