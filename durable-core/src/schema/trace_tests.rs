//! What is traced of which types, and what is refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::*;

fn shape<T: DeserializeOwned>() -> Schema {
    trace::<T>().unwrap_or_else(|error| panic!("{error}"))
}

fn strukt<const N: usize>(name: &str, fields: [(&str, Schema); N]) -> Schema {
    Schema::Struct { name: name.into(), fields: fields.map(|(name, field)| (name.into(), field)).into() }
}

fn enumeration<const N: usize>(name: &str, variants: [(&str, VariantSchema); N]) -> Schema {
    Schema::Enum {
        name: name.into(),
        variants: variants.map(|(name, variant)| (name.into(), variant)).into(),
    }
}

fn newtype(inner: Schema) -> VariantSchema {
    VariantSchema::Newtype(Box::new(inner))
}

fn seq(inner: Schema) -> Schema {
    Schema::Seq(Box::new(inner))
}

fn option(inner: Schema) -> Schema {
    Schema::Option(Box::new(inner))
}

#[test]
fn scalars_and_std_types_have_their_wire_shape() {
    assert_eq!(shape::<()>(), Schema::Unit);
    assert_eq!(
        shape::<(bool, i8, i16, i32, i64, i128, isize)>(),
        Schema::Tuple(vec![
            Schema::Bool,
            Schema::I8,
            Schema::I16,
            Schema::I32,
            Schema::I64,
            Schema::I128,
            Schema::I64
        ])
    );
    assert_eq!(
        shape::<(u8, u16, u32, u64, u128, usize, f32, f64, char, String)>(),
        Schema::Tuple(vec![
            Schema::U8,
            Schema::U16,
            Schema::U32,
            Schema::U64,
            Schema::U128,
            Schema::U64,
            Schema::F32,
            Schema::F64,
            Schema::Char,
            Schema::String
        ])
    );
    assert_eq!(shape::<[u8; 3]>(), Schema::Tuple(vec![Schema::U8; 3]));
    assert_eq!(shape::<Box<Cow<'static, str>>>(), Schema::String);
    assert_eq!(shape::<NonZeroU32>(), Schema::U32);
    assert_eq!(shape::<PathBuf>(), Schema::String);
    assert_eq!(shape::<BTreeSet<Option<u16>>>(), seq(option(Schema::U16)));
    let map = Schema::Map(Box::new(Schema::String), Box::new(seq(Schema::I64)));
    assert_eq!(shape::<HashMap<String, Vec<i64>>>(), map);
    assert_eq!(shape::<BTreeMap<String, Vec<i64>>>(), map);
    assert_eq!(shape::<Duration>(), strukt("Duration", [("secs", Schema::U64), ("nanos", Schema::U32)]));
    let time = strukt("SystemTime", [("secs_since_epoch", Schema::U64), ("nanos_since_epoch", Schema::U32)]);
    assert_eq!(shape::<SystemTime>(), time);
    assert_eq!(shape::<Range<u8>>(), strukt("Range", [("start", Schema::U8), ("end", Schema::U8)]));
    let v4 = Schema::Tuple(vec![Schema::U8; 4]);
    let v6 = Schema::Tuple(vec![Schema::U8; 16]);
    assert_eq!(
        shape::<IpAddr>(),
        enumeration("IpAddr", [("V4", newtype(v4.clone())), ("V6", newtype(v6.clone()))])
    );
    assert!(matches!(shape::<SocketAddr>(), Schema::Enum { .. }));
    let result = enumeration("Result", [("Ok", newtype(Schema::U8)), ("Err", newtype(Schema::String))]);
    assert_eq!(shape::<Result<u8, String>>(), result);
    assert_eq!(shape::<uuid::Uuid>(), Schema::Bytes);
}

#[cfg(unix)]
#[test]
fn a_variant_the_type_refuses_itself_is_unreadable() {
    let expected =
        enumeration("OsString", [("Unix", newtype(seq(Schema::U8))), ("Windows", VariantSchema::Unreadable)]);
    assert_eq!(shape::<OsString>(), expected);
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Marker;
#[derive(Deserialize)]
#[allow(dead_code)]
struct Wrapper(u8);
#[derive(Deserialize)]
#[allow(dead_code)]
struct Pair(u8, String);
#[derive(Deserialize)]
#[allow(dead_code)]
struct Order {
    customer: String,
    total: Option<u64>,
    #[serde(skip)]
    cache: u8,
    status: Status,
    marker: Marker,
    wrapper: Wrapper,
    pair: Pair,
}
#[derive(Deserialize)]
#[allow(dead_code)]
enum Status {
    New,
    Paid(u32),
    Moved(u8, u16),
    Sent {
        #[serde(rename = "parcelId")]
        parcel: String,
        by: Carrier,
    },
}
#[derive(Deserialize)]
#[allow(dead_code)]
enum Carrier {
    Post,
    Other(Vec<Reason>),
}
#[derive(Deserialize)]
#[allow(dead_code)]
enum Reason {
    Fast,
    Cheap { by: i32 },
}

#[test]
fn structs_and_nested_enums_are_seen_whole() {
    let reason = enumeration(
        "Reason",
        [("Fast", VariantSchema::Unit), ("Cheap", VariantSchema::Struct(vec![("by".into(), Schema::I32)]))],
    );
    let carrier = enumeration("Carrier", [("Post", VariantSchema::Unit), ("Other", newtype(seq(reason)))]);
    let status = enumeration(
        "Status",
        [
            ("New", VariantSchema::Unit),
            ("Paid", newtype(Schema::U32)),
            ("Moved", VariantSchema::Tuple(vec![Schema::U8, Schema::U16])),
            (
                "Sent",
                VariantSchema::Struct(vec![("parcelId".into(), Schema::String), ("by".into(), carrier)]),
            ),
        ],
    );
    let expected = strukt(
        "Order",
        [
            ("customer", Schema::String),
            ("total", option(Schema::U64)),
            ("status", status),
            ("marker", Schema::UnitStruct { name: "Marker".into() }),
            ("wrapper", Schema::NewtypeStruct { name: "Wrapper".into(), inner: Box::new(Schema::U8) }),
            ("pair", Schema::TupleStruct { name: "Pair".into(), fields: vec![Schema::U8, Schema::String] }),
        ],
    );
    assert_eq!(shape::<Order>(), expected);
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Tree {
    children: Vec<Tree>,
    label: String,
}
#[derive(Deserialize)]
#[allow(dead_code)]
enum Expr {
    Add(Box<Expr>, Box<Expr>),
    Neg(Box<Expr>),
    Call { name: String, block: Block },
    Number(i64),
}
#[derive(Deserialize)]
#[allow(dead_code)]
struct Block {
    statements: Vec<Statement>,
    tail: Option<Box<Expr>>,
}
#[derive(Deserialize)]
#[allow(dead_code)]
enum Statement {
    Let(String, Expr),
    Nested(Box<Block>),
}
#[derive(Deserialize)]
#[serde(transparent)]
#[allow(dead_code)]
struct Nameless(Vec<Nameless>);
#[derive(Deserialize)]
#[allow(dead_code)]
struct Endless(Box<Endless>);

#[test]
fn types_that_contain_themselves_are_closed_with_references() {
    assert_eq!(
        shape::<Tree>(),
        strukt("Tree", [("children", seq(Schema::Ref(0))), ("label", Schema::String)])
    );
    assert_eq!(shape::<Nameless>(), seq(Schema::Ref(0)));
    let endless = Schema::NewtypeStruct { name: "Endless".into(), inner: Box::new(Schema::Ref(0)) };
    assert_eq!(shape::<Endless>(), endless);
    assert_eq!(shape::<(Tree, u8)>().nodes()[3], &Schema::Ref(1));
}

#[test]
fn mutually_recursive_types_are_seen_whole() {
    let statement = enumeration(
        "Statement",
        [
            ("Let", VariantSchema::Tuple(vec![Schema::String, Schema::Ref(0)])),
            ("Nested", newtype(Schema::Ref(5))),
        ],
    );
    let block = strukt("Block", [("statements", seq(statement)), ("tail", option(Schema::Ref(0)))]);
    let expected = enumeration(
        "Expr",
        [
            ("Add", VariantSchema::Tuple(vec![Schema::Ref(0), Schema::Ref(0)])),
            ("Neg", newtype(Schema::Ref(0))),
            ("Call", VariantSchema::Struct(vec![("name".into(), Schema::String), ("block".into(), block)])),
            ("Number", newtype(Schema::I64)),
        ],
    );
    assert_eq!(shape::<Expr>(), expected);
}

mod a {
    #[derive(serde::Deserialize)]
    #[allow(dead_code)]
    pub(super) struct Item {
        pub(super) id: u8,
    }
}
mod b {
    #[derive(serde::Deserialize)]
    #[allow(dead_code)]
    pub(super) struct Item {
        pub(super) id: Vec<super::a::Item>,
    }
}
#[derive(Deserialize)]
#[allow(dead_code)]
struct Boxed<T> {
    value: T,
}

#[test]
fn types_of_the_same_name_are_kept_apart() {
    let inner = strukt("Item", [("id", Schema::U8)]);
    assert_eq!(shape::<b::Item>(), strukt("Item", [("id", seq(inner))]));
    let expected = strukt("Boxed", [("value", strukt("Boxed", [("value", Schema::U8)]))]);
    assert_eq!(shape::<Boxed<Boxed<u8>>>(), expected);
    assert_eq!(
        shape::<(Boxed<u8>, Boxed<String>)>(),
        Schema::Tuple(vec![
            strukt("Boxed", [("value", Schema::U8)]),
            strukt("Boxed", [("value", Schema::String)])
        ])
    );
}

#[test]
fn types_that_cannot_be_told_apart_are_an_error() {
    fn first() -> TraceError {
        #[derive(Deserialize)]
        #[allow(dead_code)]
        struct Outer<T> {
            a: Inner,
            b: T,
        }
        #[derive(Deserialize)]
        #[allow(dead_code)]
        struct Inner {
            id: u8,
        }
        {
            #[derive(Deserialize)]
            #[allow(dead_code)]
            struct Inner {
                id: String,
            }
            trace::<Outer<Inner>>().unwrap_err()
        }
    }
    let error = first();
    assert!(matches!(&error, TraceError::TwoShapes { path, .. } if path.ends_with(".b.id")), "{error}");
}

struct Email(String);

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.ends_with("@corp.example") {
            Ok(Email(text))
        } else {
            Err(D::Error::custom("not a corporate address"))
        }
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Account {
    id: u8,
    email: Email,
    role: Role,
    backup: Option<Email>,
    tail: Vec<(u8, Role)>,
}
#[derive(Deserialize)]
#[allow(dead_code)]
enum Role {
    User,
    Admin { contact: Email, level: u8 },
    Bot(Box<Account>),
}
#[derive(Deserialize)]
#[serde(try_from = "u16")]
struct Even(u16);

impl TryFrom<u16> for Even {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        if number.is_multiple_of(2) { Ok(Even(number)) } else { Err(format!("{number} is odd")) }
    }
}

#[test]
fn a_field_that_refuses_every_sample_does_not_hide_the_others() {
    assert_eq!(Email("x".into()).0, "x");
    let admin = VariantSchema::Struct(vec![("contact".into(), Schema::String), ("level".into(), Schema::U8)]);
    let role = enumeration(
        "Role",
        [("User", VariantSchema::Unit), ("Admin", admin), ("Bot", newtype(Schema::Ref(0)))],
    );
    let expected = strukt(
        "Account",
        [
            ("id", Schema::U8),
            ("email", Schema::String),
            ("role", role),
            ("backup", option(Schema::String)),
            ("tail", seq(Schema::Tuple(vec![Schema::U8, Schema::Ref(3)]))),
        ],
    );
    assert_eq!(shape::<Account>(), expected);
}

#[test]
fn other_samples_are_tried_when_one_is_refused() {
    assert_eq!(Even(2).0, 2);
    assert_eq!(shape::<(Even, NonZeroU32, u8)>(), Schema::Tuple(vec![Schema::U16, Schema::U32, Schema::U8]));
}

#[test]
fn what_stays_hidden_behind_a_refused_value_is_an_error() {
    let error = trace::<(Email, u8)>().unwrap_err();
    let TraceError::Refused { path, reason } = &error else { panic!("{error}") };
    assert!(path.ends_with(".1"), "{path}");
    assert!(reason.contains("corporate"), "{reason}");
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Renamed {
    #[serde(alias = "aaa", alias = "zzz")]
    middle: u8,
    #[serde(rename = "second", alias = "first")]
    other: String,
    last: Option<Choice>,
}
#[derive(Deserialize)]
#[allow(dead_code)]
enum Choice {
    #[serde(alias = "Uno", alias = "Eins")]
    One,
    #[serde(alias = "Zwei")]
    Two(u8),
    Three,
}

#[test]
fn aliases_are_not_taken_for_fields_or_variants() {
    let choice = enumeration(
        "Choice",
        [("Eins", VariantSchema::Unit), ("Two", newtype(Schema::U8)), ("Three", VariantSchema::Unit)],
    );
    let expected =
        strukt("Renamed", [("middle", Schema::U8), ("second", Schema::String), ("last", option(choice))]);
    assert_eq!(shape::<Renamed>(), expected);
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Untagged {
    Number(u8),
    Text(String),
}
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
#[allow(dead_code)]
enum Internal {
    A { x: u8 },
}
#[derive(Debug, Deserialize)]
#[serde(tag = "t", content = "c")]
#[allow(dead_code)]
enum Adjacent {
    A(u8),
    B(String),
}
#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}
#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Holder<T> {
    parts: Vec<BTreeMap<u8, T>>,
}

#[test]
fn types_postcard_cannot_read_back_are_refused_by_path() {
    fn refused<T: DeserializeOwned>(word: &str) {
        let error = trace::<Holder<T>>().unwrap_err();
        let TraceError::Untraceable { path, reason } = &error else { panic!("{error}") };
        assert!(path.contains(".parts[][value]"), "{path}");
        assert!(reason.contains(word), "{reason}");
    }
    refused::<Untagged>("untagged");
    refused::<Internal>("untagged");
    refused::<serde_json::Value>("serde_json::Value");
    refused::<Flat>("flatten");
    refused::<serde::de::IgnoredAny>("IgnoredAny");
    refused::<Adjacent>("adjacently tagged");
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Many<T> {
    first: Carrier,
    second: Option<Reason>,
    third: BTreeMap<u8, Choice>,
    own: T,
}

macro_rules! wide {
    ($($variant:ident $own:ident)*) => {
        $(
            #[derive(Deserialize)]
            #[allow(dead_code)]
            enum $own { First(u8), Second { again: Option<Box<Wide>> }, Third(Vec<$own>) }
        )*
        #[derive(Deserialize)]
        #[allow(dead_code)]
        enum Wide { $($variant(Many<$own>),)* }
        const WIDE: &[&str] = &[$(stringify!($variant)),*];
    };
}

wide! {
    V00 Own00 V01 Own01 V02 Own02 V03 Own03 V04 Own04
    V05 Own05 V06 Own06 V07 Own07 V08 Own08 V09 Own09
    V10 Own10 V11 Own11 V12 Own12 V13 Own13 V14 Own14
    V15 Own15 V16 Own16 V17 Own17 V18 Own18 V19 Own19
    V20 Own20 V21 Own21 V22 Own22 V23 Own23 V24 Own24
    V25 Own25 V26 Own26 V27 Own27 V28 Own28 V29 Own29
    V30 Own30 V31 Own31 V32 Own32 V33 Own33 V34 Own34
    V35 Own35 V36 Own36 V37 Own37 V38 Own38 V39 Own39
}

#[test]
fn many_variants_of_many_enums_are_all_seen() {
    let schema = shape::<Wide>();
    let Schema::Enum { variants, .. } = &schema else { panic!("{schema:?}") };
    assert_eq!(variants.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), WIDE);
    let reason = shape::<Reason>();
    for (name, variant) in variants {
        let VariantSchema::Newtype(many) = variant else { panic!("{name}: {variant:?}") };
        let Schema::Struct { fields, .. } = &**many else { panic!("{name}: {many:?}") };
        assert_eq!(fields[0].1, shape::<Carrier>());
        assert_eq!(fields[1].1, option(reason.clone()));
        assert_eq!(fields[2].1, Schema::Map(Box::new(Schema::U8), Box::new(shape::<Choice>())));
        let Schema::Enum { variants, .. } = &fields[3].1 else { panic!("{name}: {fields:?}") };
        assert_eq!(variants[0].1, newtype(Schema::U8));
        let again = VariantSchema::Struct(vec![("again".into(), option(Schema::Ref(0)))]);
        assert_eq!(variants[1].1, again);
        assert!(matches!(&variants[2].1, VariantSchema::Newtype(list) if matches!(&**list, Schema::Seq(_))));
    }
    assert_eq!(Schema::from_bytes(&schema.to_bytes()), Ok(schema));
}

type Twice<T> = (Vec<T>, Vec<T>);
type Doubled<T> = (Box<T>, Box<T>);
type Sixteen<T> = Twice<Twice<Twice<Twice<T>>>>;
type SixteenDoubled<T> = Doubled<Doubled<Doubled<Doubled<T>>>>;

#[test]
fn a_type_too_large_to_write_out_is_refused() {
    let error = trace::<Sixteen<Sixteen<Sixteen<Sixteen<u8>>>>>().unwrap_err();
    assert!(matches!(error, TraceError::TooLarge { .. }), "{error}");
    let error = trace::<SixteenDoubled<SixteenDoubled<SixteenDoubled<SixteenDoubled<SixteenDoubled<u8>>>>>>()
        .unwrap_err();
    assert!(matches!(error, TraceError::TooLarge { .. }), "{error}");
}

#[derive(Deserialize)]
enum Never {}

#[test]
fn an_enum_without_variants_has_a_schema() {
    assert_eq!(shape::<Never>(), enumeration("Never", []));
    let result =
        enumeration("Result", [("Ok", newtype(Schema::U8)), ("Err", newtype(enumeration("Never", [])))]);
    assert_eq!(shape::<Result<u8, Never>>(), result);
}

#[test]
fn shared_pointers_are_what_they_point_to() {
    assert_eq!(shape::<Vec<Cow<'static, [u8]>>>(), seq(seq(Schema::U8)));
    assert_eq!(shape::<std::cell::RefCell<std::sync::Mutex<u8>>>(), Schema::U8);
    let text: Arc<str> = "name".into();
    assert_eq!(shape::<Marker>(), Schema::UnitStruct { name: text.replace("name", "Marker").into() });
}

#[test]
fn fingerprints_follow_the_shape() {
    assert_eq!(fingerprint_of::<Order>(), Ok(shape::<Order>().fingerprint()));
    assert_eq!(fingerprint_of::<Order>(), fingerprint_of::<Order>());
    assert_ne!(fingerprint_of::<a::Item>(), fingerprint_of::<b::Item>());
    assert!(fingerprint_of::<Untagged>().is_err());
    let print = fingerprint_of::<Tree>().unwrap();
    assert_eq!(print.to_string().parse(), Ok(print));
    assert!("12".parse::<Fingerprint>().is_err());
    assert!("+0000000000000000000000000000000".parse::<Fingerprint>().is_err());
}

#[test]
fn the_encoding_and_its_fingerprint_never_change() {
    let schema = strukt("Tree", [("children", seq(Schema::Ref(0))), ("label", Schema::String)]);
    assert_eq!(schema.to_bytes(), b"\x01\x18\x04Tree\x02\x08children\x12\x1a\x00\x05label\x0f");
    assert_eq!(schema.fingerprint().to_string(), PINNED);
}

const PINNED: &str = "b2ae9c02443c47ba2248d3b8fa6294b4";

#[test]
fn a_workflow_fingerprint_ignores_the_order_of_points() {
    let point = |name: &str, schema: Schema| PointSchema {
        operation: String::new(),
        name: name.into(),
        fields: vec![("order".into(), schema)],
    };
    let (charge, ship) = (point("Charge", shape::<Order>()), point("Ship", Schema::U8));
    let one = workflow_fingerprint(&[charge.clone(), ship.clone()]);
    assert_eq!(one, workflow_fingerprint(&[ship.clone(), charge.clone()]));
    assert_ne!(one, workflow_fingerprint(std::slice::from_ref(&charge)));
    assert_ne!(one, workflow_fingerprint(&[charge.clone(), point("Sent", Schema::U8)]));
    assert_ne!(charge.fingerprint(), ship.fingerprint());
    assert_eq!(ship.fingerprint(), point("Sent", Schema::U8).fingerprint());
    assert_eq!(PointSchema::from_bytes(&charge.to_bytes()), Ok(charge));
}
