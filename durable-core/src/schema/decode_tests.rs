//! Decoding and skipping against the postcard crate, and hostile bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    small: (bool, u8, i8),
    unsigned: (u16, u32, u64, u128),
    signed: (i16, i32, i64, i128),
    floats: (f32, f64),
    text: (char, String),
    list: Vec<Part>,
    map: BTreeMap<String, Option<i32>>,
    tree: Tree,
    unit: (),
    bytes: uuid::Uuid,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Part {
    Empty,
    One(u32),
    Two(String, i16),
    Named { x: f32, y: Option<char> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    label: u8,
    children: Vec<Tree>,
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        Just(Part::Empty),
        any::<u32>().prop_map(Part::One),
        any::<(String, i16)>().prop_map(|(text, number)| Part::Two(text, number)),
        (-1e6f32..1e6, any::<Option<char>>()).prop_map(|(x, y)| Part::Named { x, y }),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = any::<u8>().prop_map(|label| Tree { label, children: Vec::new() });
    leaf.prop_recursive(4, 16, 3, |inner| {
        (any::<u8>(), prop::collection::vec(inner, 0..3))
            .prop_map(|(label, children)| Tree { label, children })
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let scalars = (any::<(bool, u8, i8)>(), any::<(u16, u32, u64, u128)>(), any::<(i16, i32, i64, i128)>());
    let others = ((-1e6f32..1e6, -1e9f64..1e9), any::<(char, String)>(), prop::collection::vec(part(), 0..4));
    let map = prop::collection::btree_map(any::<String>(), any::<Option<i32>>(), 0..4);
    (scalars, others, map, tree(), any::<u128>()).prop_map(|(scalars, others, map, tree, id)| Everything {
        small: scalars.0,
        unsigned: scalars.1,
        signed: scalars.2,
        floats: others.0,
        text: others.1,
        list: others.2,
        map,
        tree,
        unit: (),
        bytes: uuid::Uuid::from_u128(id),
    })
}

proptest! {
    #[test]
    fn decode_and_skip_end_where_postcard_ends(value in everything(), tail in any::<[u8; 5]>()) {
        let schema = trace::<Everything>().unwrap();
        let mut bytes = postcard::to_stdvec(&value).unwrap();
        let length = bytes.len();
        bytes.extend(tail);
        let (decoded, rest) = schema.decode(&bytes).unwrap();
        prop_assert_eq!(rest, &tail[..]);
        prop_assert_eq!(schema.skip(&bytes), Ok(length));
        let Value::Struct { fields, .. } = &decoded else { panic!("{decoded}") };
        let (_, text) = &fields[4];
        prop_assert_eq!(text, &Value::Tuple(vec![Value::Char(value.text.0), Value::String(value.text.1)]));
        let (_, signed) = &fields[2];
        let signed_values =
            [i128::from(value.signed.0), i128::from(value.signed.1), i128::from(value.signed.2), value.signed.3];
        prop_assert_eq!(signed, &Value::Tuple(signed_values.map(Value::Signed).into()));
        for cut in 0..length {
            prop_assert!(schema.decode(&bytes[..cut]).is_err());
            prop_assert!(schema.skip(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn arbitrary_bytes_are_judged_as_postcard_judges_them(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
        agree::<u16>(&bytes);
        agree::<i32>(&bytes);
        agree::<u64>(&bytes);
        agree::<i128>(&bytes);
        agree::<f64>(&bytes);
        agree::<char>(&bytes);
        agree::<String>(&bytes);
        agree::<Option<bool>>(&bytes);
        agree::<Vec<Part>>(&bytes);
        agree::<Tree>(&bytes);
    }

    #[test]
    fn arbitrary_bytes_never_make_a_schema_panic(mut bytes in prop::collection::vec(0u8..32, 0..64)) {
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        if let Ok(schema) = Schema::from_bytes(&bytes) {
            prop_assert_eq!(schema.to_bytes(), bytes.clone());
            let _ = schema.decode(&bytes);
            let _ = schema.skip(&bytes);
        }
        let _ = PointSchema::from_bytes(&bytes);
    }
}

fn agree<T: DeserializeOwned>(bytes: &[u8]) {
    let schema = trace::<T>().unwrap();
    let theirs = postcard::take_from_bytes::<T>(bytes).ok().map(|(_, rest)| bytes.len() - rest.len());
    let ours = schema.decode(bytes).ok().map(|(_, rest)| bytes.len() - rest.len());
    assert_eq!(ours, theirs, "{bytes:?} as {schema:?}");
    assert_eq!(schema.skip(bytes).ok(), theirs, "{bytes:?} as {schema:?}");
}

#[test]
fn overlong_numbers_are_judged_as_postcard_judges_them() {
    for bytes in [
        &[0x80, 0x00][..],
        &[0x81, 0x80, 0x00],
        &[0xff, 0xff, 0x03],
        &[0xff, 0xff, 0x04],
        &[0x80, 0x80, 0x80, 0x00],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff, 0xff, 0xff, 0xff, 0x10],
        &[0xff; 20],
    ] {
        agree::<u16>(bytes);
        agree::<i16>(bytes);
        agree::<u32>(bytes);
        agree::<u64>(bytes);
        agree::<u128>(bytes);
    }
}

#[test]
fn counts_of_nothing_are_refused_cheaply() {
    let schema = Schema::Seq(Box::new(Schema::Unit));
    let bytes = [0x80, 0x80, 0x80, 0x80, 0x01];
    assert!(matches!(schema.skip(&bytes), Err(DecodeError::TooManyValues { .. })));
    assert!(matches!(schema.decode(&bytes), Err(DecodeError::TooManyValues { .. })));
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    for inner in [Schema::U8, Schema::String, Schema::Unit] {
        assert!(Schema::Seq(Box::new(inner)).decode(&huge).is_err());
    }
    assert!(matches!(Schema::Bytes.decode(&huge), Err(DecodeError::Truncated { need: u64::MAX, .. })));
}

#[test]
fn many_locals_may_not_have_more_values_than_one() {
    let fields = (0..3).map(|at| (format!("f{at}"), Schema::Seq(Box::new(Schema::Unit))));
    let point = PointSchema { name: "Charge".into(), operation: "charge".into(), fields: fields.collect() };
    // A count of half a million, three times.
    let payload = postcard::to_stdvec(&[500_000_u32; 3]).unwrap();
    assert!(matches!(point.decode(&payload), Err(DecodeError::TooManyValues { bytes: 9, .. })));
    let payload = postcard::to_stdvec(&[300_000_u32; 3]).unwrap();
    assert!(point.decode(&payload).is_ok());
}

#[test]
fn endless_and_dangling_schemas_end_in_an_error() {
    let endless = Schema::Tuple(vec![Schema::Ref(0)]);
    assert!(matches!(endless.decode(&[]), Err(DecodeError::TooDeep { .. })));
    assert!(matches!(endless.skip(&[]), Err(DecodeError::TooDeep { .. })));
    assert_eq!(Schema::Ref(0).skip(&[]), Err(DecodeError::DanglingRef { number: 0 }));
    assert_eq!(Schema::Tuple(vec![Schema::Ref(7)]).skip(&[]), Err(DecodeError::DanglingRef { number: 7 }));
}

#[test]
fn a_deeply_nested_schema_is_refused() {
    let mut bytes = vec![1];
    bytes.extend([17; 100_000]);
    assert!(matches!(Schema::from_bytes(&bytes), Err(SchemaError::TooLarge { unit: "levels", .. })));
    let many = [&[1, 20, 0x80, 0x80, 0x08][..], &[0; 1 << 17]].concat();
    assert!(matches!(Schema::from_bytes(&many), Err(SchemaError::TooLarge { unit: "nodes", .. })));
    assert_eq!(Schema::from_bytes(&[2, 0]), Err(SchemaError::UnknownVersion { found: 2 }));
    assert!(matches!(Schema::from_bytes(&[1, 18, 26, 5]), Err(SchemaError::Malformed { .. })));
}

#[test]
fn a_value_reads_like_rust_and_like_json() {
    let value = Everything {
        small: (true, 1, -1),
        unsigned: (1, 2, u64::MAX, u128::MAX),
        signed: (-1, -2, i64::MIN, i128::MIN),
        floats: (1.5, f64::NAN),
        text: ('x', "say \"hi\"".into()),
        list: vec![
            Part::Empty,
            Part::One(7),
            Part::Two("a".into(), -3),
            Part::Named { x: 0.5, y: Some('y') },
        ],
        map: [("k".to_owned(), Some(4)), ("l".to_owned(), None)].into(),
        tree: Tree { label: 1, children: vec![Tree { label: 2, children: vec![] }] },
        unit: (),
        bytes: uuid::Uuid::from_u128(0x00ff),
    };
    let schema = trace::<Everything>().unwrap();
    let bytes = postcard::to_stdvec(&value).unwrap();
    let (decoded, _) = schema.decode(&bytes).unwrap();
    let text = decoded.to_string();
    assert!(
        text.starts_with("Everything { small: (true, 1, -1), unsigned: (1, 2, 18446744073709551615, "),
        "{text}"
    );
    let tail = "list: [Empty, One(7), Two(\"a\", -3), Named { x: 0.5, y: Some('y') }], \
                map: {\"k\": Some(4), \"l\": None}, \
                tree: Tree { label: 1, children: [Tree { label: 2, children: [] }] }, unit: (), \
                bytes: b\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\xff\" }";
    assert!(text.ends_with(tail), "{text}");
    let json = serde_json::to_value(&decoded).unwrap();
    let expected = serde_json::json!({
        "small": [true, 1, -1],
        "unsigned": [1, 2, u64::MAX, u128::MAX.to_string()],
        "signed": [-1, -2, i64::MIN, i128::MIN.to_string()],
        "floats": [1.5, "NaN"],
        "text": ["x", "say \"hi\""],
        "list": ["Empty", {"One": 7}, {"Two": ["a", -3]}, {"Named": {"x": 0.5, "y": "y"}}],
        "map": {"k": 4, "l": null},
        "tree": {"label": 1, "children": [{"label": 2, "children": []}]},
        "unit": null,
        "bytes": "000000000000000000000000000000ff",
    });
    assert_eq!(json, expected);
    let pairs = Value::Map(vec![(Value::Tuple(vec![Value::Unsigned(1)]), Value::Unit)]);
    assert_eq!(serde_json::to_value(&pairs).unwrap(), serde_json::json!([[[1], null]]));
}

#[test]
fn a_schema_survives_postcard_and_json() {
    let schema = trace::<Everything>().unwrap();
    let bytes = postcard::to_stdvec(&schema).unwrap();
    assert_eq!(postcard::from_bytes::<Schema>(&bytes).unwrap(), schema);
    let json = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
    assert_eq!(Schema::from_bytes(&schema.to_bytes()), Ok(schema));
}

#[test]
fn the_locals_of_an_await_point_are_a_struct_of_its_name() {
    let fields = vec![("n".to_owned(), Schema::U8), ("text".to_owned(), Schema::String)];
    let point = crate::PointSchema { name: "Charge".into(), operation: "charge".into(), fields };
    let payload = [7, 2, b'o', b'k'];
    assert_eq!(point.decode(&payload).unwrap().to_string(), r#"Charge { n: 7, text: "ok" }"#);
    let cut = point.decode(&payload[..2]).unwrap_err();
    assert_eq!(cut, DecodeError::Truncated { at: 2, need: 2, have: 0 });
    let more = point.decode(&[&payload[..], &[0, 0]].concat()).unwrap_err();
    assert_eq!(more, DecodeError::Trailing { at: 4, left: 2 });
}
