//! Every JSON that a value has is read back as that value; what does not fit is named by its place.

use super::from_json::{self, EditProblem};
use durable_core::schema::{Schema, Value, trace};
use proptest::{collection, option, prelude::*};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned};
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
};

fn read(schema: &Schema, json: &Json) -> Result<Value, Vec<EditProblem>> {
    let mut problems = Vec::new();
    let value = from_json::read(schema, json, "state", &mut problems);
    match (value, problems.is_empty()) {
        (Some(value), true) => Ok(value),
        (None, false) => Err(problems),
        found => panic!("a value, or problems: {found:?}"),
    }
}

/// Through its JSON, and through that as text.
fn comes_back<T: Serialize + DeserializeOwned + Debug>(value: &T) {
    let schema = trace::<T>().unwrap();
    let (decoded, _) = schema.decode(&postcard::to_stdvec(value).unwrap()).unwrap();
    let json = serde_json::to_value(&decoded).unwrap();
    let text: Json = serde_json::from_str(&serde_json::to_string(&decoded).unwrap()).unwrap();
    for json in [json, text] {
        let found = read(&schema, &json).unwrap_or_else(|problems| panic!("{json}: {problems:?}"));
        let bytes = schema.encode(&found).unwrap();
        let found: T = postcard::from_bytes(&bytes).unwrap();
        // As text, since NaN is not equal to itself.
        assert_eq!(format!("{found:?}"), format!("{value:?}"), "{json}");
    }
}

/// Bytes for serde, not a sequence of numbers.
#[derive(Clone, Debug)]
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Blob;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

/// What looks like the mark of a `Some` that is null itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LooksMarked {
    some: Option<Option<u8>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Sum {
    None,
    Some(Option<u8>),
    Pair(u8, i8),
    Named { some: Option<()>, tree: Box<Sum> },
    Nested(Box<Sum>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Nothing;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    Plain,
    Other,
    With(u8),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Point3(f32, f64, i128);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Maps {
    text: BTreeMap<String, Option<u8>>,
    marked: Option<BTreeMap<String, Option<u8>>>,
    numbers: BTreeMap<i64, u8>,
    large: BTreeMap<u128, u8>,
    chars: BTreeMap<char, ()>,
    bools: BTreeMap<bool, u8>,
    names: BTreeMap<Name, u8>,
    pairs: BTreeMap<(u8, bool), String>,
    keys: BTreeMap<Key, u8>,
    optional: BTreeMap<Option<u8>, u8>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Scalars {
    numbers: (i8, u16, i32, u64, i128, u128),
    point: Point3,
    text: String,
    letter: char,
    blob: Blob,
    nothing: Nothing,
    flag: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Options {
    deep: Option<Option<Option<u8>>>,
    unit: Option<()>,
    nothing: Option<Nothing>,
    marked: Option<LooksMarked>,
    twice: Option<Option<LooksMarked>>,
    sum: Option<Sum>,
    sums: Vec<Option<Sum>>,
}

fn sum() -> impl Strategy<Value = Sum> {
    let leaf = prop_oneof![
        Just(Sum::None),
        option::of(any::<u8>()).prop_map(Sum::Some),
        any::<(u8, i8)>().prop_map(|(a, b)| Sum::Pair(a, b)),
    ];
    leaf.prop_recursive(4, 8, 1, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Sum::Nested(Box::new(inner))),
            (any::<bool>(), inner)
                .prop_map(|(some, inner)| Sum::Named { some: some.then_some(()), tree: Box::new(inner) }),
        ]
    })
}

fn looks_marked() -> impl Strategy<Value = LooksMarked> {
    any::<Option<Option<u8>>>().prop_map(|some| LooksMarked { some })
}

fn options() -> impl Strategy<Value = Options> {
    let first = (any::<Option<Option<Option<u8>>>>(), any::<bool>(), any::<bool>());
    let rest = (
        option::of(looks_marked()),
        option::of(option::of(looks_marked())),
        option::of(sum()),
        collection::vec(option::of(sum()), 0..4),
    );
    (first, rest).prop_map(|((deep, unit, nothing), (marked, twice, sum, sums))| Options {
        deep,
        unit: unit.then_some(()),
        nothing: nothing.then_some(Nothing),
        marked,
        twice,
        sum,
        sums,
    })
}

fn scalars() -> impl Strategy<Value = Scalars> {
    let point = (proptest::num::f32::ANY, proptest::num::f64::ANY, any::<i128>());
    // The bits of a NaN are not kept.
    let point = point.prop_map(|(a, b, c)| {
        Point3(if a.is_nan() { f32::NAN } else { a }, if b.is_nan() { f64::NAN } else { b }, c)
    });
    (any::<(i8, u16, i32, u64, i128, u128)>(), point, any::<(String, char, Vec<u8>, bool)>()).prop_map(
        |(numbers, point, (text, letter, blob, flag))| Scalars {
            numbers,
            point,
            text,
            letter,
            blob: Blob(blob),
            nothing: Nothing,
            flag,
        },
    )
}

fn maps() -> impl Strategy<Value = Maps> {
    fn map<K: Strategy, V: Strategy>(key: K, value: V) -> collection::BTreeMapStrategy<K, V>
    where
        K::Value: Ord,
    {
        collection::btree_map(key, value, 0..4)
    }
    let word = prop_oneof![Just("Some".to_owned()), Just(String::new()), any::<String>()];
    let key = prop_oneof![Just(Key::Plain), Just(Key::Other), any::<u8>().prop_map(Key::With)];
    let first = (
        map(word.clone(), any::<Option<u8>>()),
        option::of(map(word.clone(), any::<Option<u8>>())),
        map(any::<i64>(), any::<u8>()),
        map(any::<u128>(), any::<u8>()),
        map(any::<char>(), Just(())),
    );
    let rest = (
        map(any::<bool>(), any::<u8>()),
        map(word.prop_map(Name), any::<u8>()),
        map(any::<(u8, bool)>(), any::<String>()),
        map(key, any::<u8>()),
        map(any::<Option<u8>>(), any::<u8>()),
    );
    (first, rest).prop_map(
        |((text, marked, numbers, large, chars), (bools, names, pairs, keys, optional))| Maps {
            text,
            marked,
            numbers,
            large,
            chars,
            bools,
            names,
            pairs,
            keys,
            optional,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scalars_come_back(value in scalars()) {
        comes_back(&value);
    }

    #[test]
    fn options_and_enums_come_back(value in options()) {
        comes_back(&value);
    }

    #[test]
    fn maps_come_back(value in maps()) {
        comes_back(&value);
    }
}

#[test]
fn a_map_with_one_key_twice_keeps_both() {
    let schema = Schema::Map(Box::new(Schema::String), Box::new(Schema::U8));
    let pair = |value| (Value::String("a".into()), Value::Unsigned(value));
    let twice = Value::Map(vec![pair(1), pair(2)]);
    let json = serde_json::to_value(&twice).unwrap();
    assert_eq!(json, json!([["a", 1], ["a", 2]]));
    assert_eq!(read(&schema, &json).unwrap(), twice);
}

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u32,
    lines: Vec<Line>,
    notes: BTreeMap<String, Option<f32>>,
    kind: Kind,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    sku: String,
    quantity: u8,
}

#[derive(Debug, Serialize, Deserialize)]
enum Kind {
    Cash,
    Card { number: u64 },
}

#[test]
fn everything_that_does_not_fit_is_named_by_its_place() {
    let schema = trace::<Order>().unwrap();
    let wrong = json!({
        "id": -1,
        "lines": [{ "sku": "a", "quantity": 1 }, { "sku": 7, "quantity": 256, "colour": "red" }, null],
        "notes": { "a": null, "b": "soon", "c": 1e300 },
        "kind": { "Card": { "number": "many" } },
        "total": 9,
    });
    let problems = read(&schema, &wrong).unwrap_err();
    let text: Vec<_> = problems.iter().map(EditProblem::to_string).collect();
    assert_eq!(
        text,
        [
            "`state.id` must be an integer that fits u32, and is -1",
            "`state.lines[1].sku` must be a string, and is 7",
            "`state.lines[1].quantity` must be an integer that fits u8, and is 256",
            "`state.lines[1].colour` is unknown: there is `sku`, `quantity`",
            "`state.lines[2]` must be an object, and is null",
            "`state.notes[\"b\"]` must be a number that fits f32, and is \"soon\"",
            "`state.notes[\"c\"]` must be a number that fits f32, and is 1e+300",
            "`state.kind.Card.number` must be an integer that fits u64, and is \"many\"",
            "`state.total` is unknown: there is `id`, `lines`, `notes`, `kind`",
        ]
    );
    for (kind, expected) in [
        (json!("Voucher"), "must be a variant of `Kind`: \"Cash\", {\"Card\": ..}, and is \"Voucher\""),
        (json!({ "Cash": null }), "must be a variant of `Kind`: \"Cash\", {\"Card\": ..}, and is an object"),
        (json!({ "Card": {} }), "is missing"),
    ] {
        let problems = read(&trace::<Kind>().unwrap(), &kind).unwrap_err();
        assert_eq!(problems[0].problem, expected, "{kind}");
    }
}

#[test]
fn what_nests_too_deep_and_what_has_too_many_problems_is_bounded() {
    let schema = trace::<Sum>().unwrap();
    let mut json = json!("None");
    for _ in 0..10_000 {
        json = Json::Object([("Nested".to_owned(), json)].into_iter().collect());
    }
    let problems = read(&schema, &json).unwrap_err();
    assert!(problems[0].problem.contains("deeper than"), "{problems:?}");
    // Dropping it must not recurse ten thousand times either.
    std::mem::forget(json);

    let many = Json::Array(vec![Json::Null; 1_000]);
    let problems = read(&trace::<Vec<u8>>().unwrap(), &many).unwrap_err();
    assert_eq!(problems.len(), 50);
}
