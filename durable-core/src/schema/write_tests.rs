//! What is written by a schema alone is what postcard writes, and what is read back.

use super::{EncodeError, Schema, Value, VariantValue, trace};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fmt::Debug};

#[derive(Debug, Serialize, Deserialize)]
enum Tree {
    Leaf,
    One(Box<Tree>),
    Two(u8, Box<Tree>),
    Named { next: Option<Box<Tree>>, text: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Serialize, Deserialize)]
struct Wrapped(i64);

#[derive(Debug, Serialize, Deserialize)]
struct Pair(f32, f64);

#[derive(Debug, Serialize, Deserialize)]
struct All {
    unit: Unit,
    wrapped: Wrapped,
    pair: Pair,
    tree: Tree,
    map: BTreeMap<(u8, bool), Vec<char>>,
    small: (i8, u8, i16, u16),
    large: (i128, u128, i32, u32, u64),
    empty: (),
}

fn same<T: Serialize + DeserializeOwned + Debug>(value: &T) {
    let schema = trace::<T>().unwrap();
    let bytes = postcard::to_stdvec(value).unwrap();
    let (decoded, rest) = schema.decode(&bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!(schema.encode(&decoded).unwrap(), bytes, "{value:?}");
}

#[test]
fn values_are_written_as_postcard_writes_them() {
    let leaf = || Box::new(Tree::Leaf);
    let named = Tree::Named { next: Some(Box::new(Tree::Two(9, leaf()))), text: "é".into() };
    same(&All {
        unit: Unit,
        wrapped: Wrapped(-300),
        pair: Pair(-0.0, f64::NAN),
        tree: Tree::One(Box::new(named)),
        map: BTreeMap::from([((1, true), vec!['a', '𝄞']), ((2, false), vec![])]),
        small: (i8::MIN, u8::MAX, i16::MIN, u16::MAX),
        large: (i128::MIN, u128::MAX, i32::MIN, u32::MAX, u64::MAX),
        empty: (),
    });
    for number in [0, 1, -1, 63, -64, 64, 127, 128, i64::MAX.into(), i128::MAX] {
        same(&number);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |schema: Schema, value: Value| {
        let error = schema.encode(&value).unwrap_err();
        assert!(matches!(error, EncodeError::Mismatch { .. }), "{error}");
    };
    refused(Schema::I8, Value::Signed(128));
    refused(Schema::I16, Value::Signed(-32_769));
    refused(Schema::I64, Value::Signed(i128::from(i64::MAX) + 1));
    refused(Schema::U8, Value::Unsigned(256));
    refused(Schema::U64, Value::Unsigned(1 << 64));
    refused(Schema::U8, Value::Signed(1));
    refused(Schema::Tuple(vec![Schema::Unit]), Value::Tuple(vec![]));
    let field = |name: &str| (name.into(), Value::Unit);
    let expected = Schema::Struct { name: "A".into(), fields: vec![("x".into(), Schema::Unit)] };
    refused(expected, Value::Struct { name: "A".into(), fields: vec![field("y")] });
    let unknown = Value::Enum { name: "Tree".into(), variant: "Twig".into(), payload: VariantValue::Unit };
    let error = trace::<Tree>().unwrap().encode(&unknown).unwrap_err();
    assert!(matches!(error, EncodeError::UnknownVariant { .. }), "{error}");
    assert_eq!(Schema::Ref(3).encode(&Value::Unit), Err(EncodeError::DanglingRef { number: 3 }));
}

#[test]
fn nesting_is_bounded_as_it_is_in_reading() {
    let schema = trace::<Tree>().unwrap();
    let mut value = Value::Enum { name: "Tree".into(), variant: "Leaf".into(), payload: VariantValue::Unit };
    for _ in 0..300 {
        let payload = VariantValue::Newtype(Box::new(value));
        value = Value::Enum { name: "Tree".into(), variant: "One".into(), payload };
    }
    assert_eq!(schema.encode(&value), Err(EncodeError::TooDeep));
}
