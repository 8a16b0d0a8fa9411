//! Shapes that no program has, and some that only few have: comparing and trying them ends soon.

use super::*;
use serde::Deserialize;

/// A tuple of parts that are made one after the other; each may refer to the one before by its node.
pub(super) fn chain(count: u32, part: impl Fn(Option<u32>) -> (Schema, u32)) -> Schema {
    let (mut parts, mut node, mut before) = (Vec::new(), 1, None);
    for _ in 0..count {
        let (schema, nodes) = part(before);
        parts.push(schema);
        before = Some(node);
        node += nodes;
    }
    let schema = Schema::Tuple(parts);
    assert_eq!(Schema::from_bytes(&schema.to_bytes()).as_ref(), Ok(&schema), "anybody can hand it in");
    schema
}

pub(super) fn before_or(leaf: Schema, before: Option<u32>) -> Schema {
    before.map_or(leaf, Schema::Ref)
}

/// Each part twice the one before: two to the power of this count in all.
fn doubled(count: u32, leaf: &Schema) -> Schema {
    let twice = |before| vec![before_or(leaf.clone(), before), before_or(leaf.clone(), before)];
    chain(count, |before| (Schema::Tuple(twice(before)), 3))
}

fn long(count: u32, leaf: &Schema) -> Schema {
    chain(count, |before| (Schema::Option(Box::new(before_or(leaf.clone(), before))), 2))
}

fn point(schema: Schema) -> PointSchema {
    PointSchema { name: "Charge".into(), operation: "charge".into(), fields: vec![("a".into(), schema)] }
}

#[test]
fn what_is_referred_to_many_times_is_compared_once() {
    let (was, is) = (doubled(100, &Schema::U64), doubled(100, &Schema::U32));
    let changes = changes("a", &was, &is);
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(point(was).differences(&point(is)).len(), 2);
}

#[test]
fn what_is_deeper_than_any_value_is_not_compared() {
    let (was, is) = (long(30_000, &Schema::U64), long(30_000, &Schema::U32));
    assert!(changes("a", &was, &is).len() < 2);
    assert!(!point(was).differences(&point(is)).is_empty());
}

#[test]
fn equal_references_to_different_types_are_compared() {
    let tree = |number| {
        let fields = vec![("n".into(), number), ("kids".into(), Schema::Seq(Box::new(Schema::Ref(1))))];
        Schema::Struct { name: "Tree".into(), fields }
    };
    let order = |first: &str, number| {
        let list = Schema::Seq(Box::new(Schema::Ref(1)));
        let fields = vec![(first.into(), tree(number)), ("list".into(), list)];
        Schema::Struct { name: "Order".into(), fields }
    };
    let changes = changes("order", &order("a", Schema::U64), &order("b", Schema::U32));
    let narrowed = Change::Narrowed { place: "order.list[].n".into(), was: "u64", is: "u32" };
    assert!(changes.contains(&narrowed), "{changes:?}");
}

/// What it was tried with.
fn tried(schema: &Schema) -> Vec<Value> {
    let mut values = Vec::new();
    let tried = dry_run(schema, &mut |value| {
        values.push(value);
        Ok(())
    });
    assert_eq!(tried, Ok(()));
    values
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
enum Term {
    Call(Box<Term>, Box<Term>, Box<Term>, Box<Term>, Box<Term>, Box<Term>),
    Sum { of: [Box<Term>; 8] },
    Number(u64),
}

#[test]
fn a_type_that_contains_itself_in_many_places_is_tried_with_small_values_of_each_variant() {
    let values = tried(&trace::<Term>().unwrap());
    for name in ["Call", "Sum", "Number"] {
        let is_it = |value: &Value| matches!(value, Value::Enum { variant, .. } if &**variant == name);
        assert!(values.iter().any(is_it), "{name}");
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Node {
    kids: [Option<Box<Node>>; 12],
}

#[test]
fn a_type_of_many_optional_parts_of_its_own_type_is_tried() {
    assert!(!tried(&trace::<Node>().unwrap()).is_empty());
}

#[test]
fn shapes_without_small_values_are_given_up() {
    tried(&doubled(100, &Schema::U64));
    tried(&long(5_000, &Schema::U64));
    let wide = |before| (Schema::Tuple(vec![before_or(Schema::U8, before); 60]), 61);
    tried(&chain(100, wide));
    let variants =
        (0..2_000).map(|at| (format!("V{at}").into(), VariantSchema::Newtype(Box::new(Schema::Ref(0)))));
    tried(&Schema::Enum { name: "E".into(), variants: variants.collect() });
}

/// Every kind of node but numbers.
#[derive(serde::Serialize, Deserialize)]
struct Kinds {
    text: (bool, char, String, f32),
    list: Vec<Option<Kinds>>,
    map: std::collections::BTreeMap<u8, Marker>,
    sign: Sign,
}

#[derive(serde::Serialize, Deserialize)]
struct Marker;

#[derive(serde::Serialize, Deserialize)]
enum Sign {
    None,
    One(Wrapped),
    Two(u8, u8),
    Named { unit: () },
}

#[derive(serde::Serialize, Deserialize)]
struct Wrapped(i64, i128);

#[test]
fn a_damaged_schema_is_an_error_or_another_one_and_reads_a_payload_in_bounds() {
    let kinds =
        |list, sign| Kinds { text: (true, 'ß', "a".into(), 0.5), list, map: [(1, Marker)].into(), sign };
    let inner = kinds(vec![None], Sign::Named { unit: () });
    let payload = postcard::to_stdvec(&kinds(vec![Some(inner)], Sign::One(Wrapped(-1, i128::MAX)))).unwrap();
    let point = point(trace::<Kinds>().unwrap());
    assert!(point.decode(&payload).is_ok());
    let bytes = point.to_bytes();
    let judge = |damaged: &[u8]| {
        if let Ok(read) = PointSchema::from_bytes(damaged) {
            assert_eq!(read.to_bytes(), damaged, "one schema has one encoding");
            let _ = read.decode(&payload);
        }
    };
    for at in 0..bytes.len() {
        assert!(PointSchema::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            judge(&damaged);
        }
        // A count of 32 bits.
        judge(&[&bytes[..at], &[0xff, 0xff, 0xff, 0xff, 0x0f], &bytes[at..]].concat());
    }
    for bit in 0..payload.len() * 8 {
        let mut damaged = payload.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(value) = point.decode(&damaged) {
            let Value::Struct { fields, .. } = value else { panic!("a point is a struct") };
            assert!(point.fields[0].1.encode(&fields[0].1).is_ok());
        }
    }
    for at in 0..payload.len() {
        assert!(point.decode(&payload[..at]).is_err(), "cut at {at}");
    }
}
