//! Text is exact, readable, and bounded.

use super::{Declarations, SchemaTexts, name_text, one_schema, read_name, write_schemas};
use crate::schema::{
    Name, SCHEMA_DEPTH_MAX, Schema, VariantSchema,
    hostile_tests::{before_or, chain},
    trace,
};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Order {
    id: u64,
    lines: Vec<Line>,
    by: Method,
    at: SystemTime,
    tag: [u8; 16],
    rgb: (u8, u8, u8),
    marker: Marker,
    #[serde(rename = "sub total")]
    sub_total: Cents,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Line {
    sku: String,
    price: Option<Cents>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
enum Method {
    Cash,
    Card(Cents),
    Both(Cents, Cents),
    Wire {
        iban: String,
        bic: Option<String>,
    },
    #[serde(rename = "u8")]
    Odd(),
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Cents(u64);
#[derive(Deserialize)]
struct Marker;

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Tree {
    leaf: Option<Box<Leaf>>,
    kids: Vec<Tree>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Leaf {
    of: Option<Box<Tree>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct Two {
    a: Tree,
    b: Tree,
    c: Leaf,
}

mod other {
    use super::Deserialize;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape counts")]
    pub(super) struct Line {
        pub(super) text: String,
    }

    /// Like the other one to the last field.
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape counts")]
    pub(super) struct Tree {
        pub(super) leaf: Option<Box<super::Leaf>>,
        pub(super) kids: Vec<Tree>,
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape counts")]
struct SameNames {
    a: Tree,
    b: other::Tree,
    c: Tree,
    d: Line,
    e: other::Line,
}

#[derive(Deserialize)]
#[serde(transparent)]
#[expect(dead_code, reason = "only its shape counts")]
struct Nest(Vec<Nest>);

fn shapes() -> Vec<Schema> {
    macro_rules! all {
        ($($ty:ty),* $(,)?) => { vec![$(trace::<$ty>().unwrap_or_else(|error| panic!("{error}"))),*] };
    }
    all![
        (),
        u8,
        Order,
        Vec<Line>,
        Line,
        other::Line,
        Tree,
        Leaf,
        Two,
        SameNames,
        Nest,
        (Nest, Vec<Nest>),
        Option<Option<u64>>,
        (bool, i8, i16, i32, i64, i128, u16, u32, u128, f32, f64, char),
        (u64,),
        [Tree; 5],
        [u8; 3],
        HashMap<String, BTreeMap<u8, Method>>,
        std::ffi::OsString,
        std::net::SocketAddr,
        Result<Order, String>,
        uuid::Uuid,
    ]
}

fn written(schemas: &[Schema]) -> SchemaTexts {
    write_schemas(&schemas.iter().collect::<Vec<_>>())
}

fn read_back(texts: &SchemaTexts) -> Vec<Schema> {
    let types = Declarations::read(texts.declarations.iter().map(String::as_str));
    let types = types.unwrap_or_else(|(number, error)| panic!("{}: {error}", texts.declarations[number]));
    let read = texts.schemas.iter().map(|text| {
        types.schema(text, &mut usize::MAX.clone()).unwrap_or_else(|error| panic!("{text}: {error}"))
    });
    read.collect()
}

#[test]
fn what_is_written_is_read_as_the_same_schemas() {
    let schemas = shapes();
    assert_eq!(read_back(&written(&schemas)), schemas);
    for schema in &schemas {
        let schema = std::slice::from_ref(schema);
        assert_eq!(read_back(&written(schema)), schema);
        let schema = &schema[0];
        let alone = Declarations::default().schema(&one_schema(schema), &mut usize::MAX.clone());
        assert_eq!(alone.as_ref(), Ok(schema), "{}", one_schema(schema));
    }
}

/// Few names, so that many types share one.
fn any_name() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["A", "B", "u8", "a b"]).prop_map(Name::from)
}

/// References lead anywhere until they are mended.
fn any_schema() -> impl Strategy<Value = Schema> {
    let leaf = prop_oneof![
        Just(Schema::Unit),
        Just(Schema::U8),
        any_name().prop_map(|name| Schema::UnitStruct { name }),
        (0..8u32).prop_map(Schema::Ref),
    ];
    leaf.prop_recursive(5, 40, 5, |part| {
        let list = || prop::collection::vec(part.clone(), 0..5);
        let fields = || prop::collection::vec((any_name(), part.clone()), 0..4);
        let boxed = || part.clone().prop_map(Box::new);
        let variant = prop_oneof![
            Just(VariantSchema::Unit),
            Just(VariantSchema::Unreadable),
            boxed().prop_map(VariantSchema::Newtype),
            list().prop_map(VariantSchema::Tuple),
            fields().prop_map(VariantSchema::Struct),
        ];
        let variants = prop::collection::vec((any_name(), variant), 0..4);
        prop_oneof![
            boxed().prop_map(Schema::Option),
            boxed().prop_map(Schema::Seq),
            (boxed(), boxed()).prop_map(|(key, value)| Schema::Map(key, value)),
            list().prop_map(Schema::Tuple),
            (any_name(), boxed()).prop_map(|(name, inner)| Schema::NewtypeStruct { name, inner }),
            (any_name(), list()).prop_map(|(name, fields)| Schema::TupleStruct { name, fields }),
            (any_name(), fields()).prop_map(|(name, fields)| Schema::Struct { name, fields }),
            (any_name(), variants).prop_map(|(name, variants)| Schema::Enum { name, variants }),
        ]
    })
}

/// Lets each reference lead to an earlier node that may have one.
fn mended(schema: Schema) -> Schema {
    fn mend(schema: &mut Schema, composite: &mut Vec<u32>, count: &mut u32) {
        if schema.is_composite() {
            composite.push(*count);
        }
        *count += 1;
        match schema {
            Schema::Ref(to) => match composite.get(*to as usize % composite.len().max(1)) {
                Some(node) => *to = *node,
                None => *schema = Schema::Bool,
            },
            Schema::Option(inner) | Schema::Seq(inner) | Schema::NewtypeStruct { inner, .. } => {
                mend(inner, composite, count);
            }
            Schema::Map(key, value) => {
                mend(key, composite, count);
                mend(value, composite, count);
            }
            Schema::Tuple(fields) | Schema::TupleStruct { fields, .. } => {
                fields.iter_mut().for_each(|field| mend(field, composite, count));
            }
            Schema::Struct { fields, .. } => {
                fields.iter_mut().for_each(|(_, field)| mend(field, composite, count));
            }
            Schema::Enum { variants, .. } => variants.iter_mut().for_each(|(_, variant)| match variant {
                VariantSchema::Unit | VariantSchema::Unreadable => {}
                VariantSchema::Newtype(inner) => mend(inner, composite, count),
                VariantSchema::Tuple(fields) => {
                    fields.iter_mut().for_each(|field| mend(field, composite, count));
                }
                VariantSchema::Struct(fields) => {
                    fields.iter_mut().for_each(|(_, field)| mend(field, composite, count));
                }
            }),
            _ => {}
        }
    }
    let mut schema = schema;
    mend(&mut schema, &mut Vec::new(), &mut 0);
    schema
}

proptest! {
    #[test]
    fn any_schemas_are_read_as_they_were_written(
        schemas in prop::collection::vec(any_schema().prop_map(mended), 1..5)
    ) {
        prop_assert_eq!(&read_back(&written(&schemas)), &schemas);
        let whole = one_schema(&schemas[0]);
        let read = Declarations::default().schema(&whole, &mut usize::MAX.clone());
        prop_assert_eq!(read.as_ref(), Ok(&schemas[0]), "{}", whole);
    }

    #[test]
    fn any_text_is_judged(text in "[a-z0-9 A-C\"#(){}<>,:;!^\\[\\]\\n\\\\]{0,40}") {
        let types = Declarations::read([text.as_str()]).unwrap_or_default();
        let _ = types.schema(&text, &mut 1_000);
    }
}

#[test]
fn types_read_as_rust_declares_them() {
    let texts = written(&[trace::<Order>().unwrap(), trace::<Option<Vec<Line>>>().unwrap()]);
    assert_eq!(texts.schemas, ["Order", "Option<[Line]>"]);
    insta::assert_snapshot!(texts.declarations.join("\n"), @r#"
    struct Cents(u64)
    struct Line {
        sku: String,
        price: Option<Cents>,
    }
    struct Marker
    enum Method {
        Cash,
        Card(Cents),
        Both(Cents, Cents),
        Wire { iban: String, bic: Option<String> },
        "u8"(),
    }
    struct Order {
        id: u64,
        lines: [Line],
        by: Method,
        at: SystemTime,
        tag: [u8; 16],
        rgb: (u8, u8, u8),
        marker: Marker,
        "sub total": Cents,
    }
    struct SystemTime {
        secs_since_epoch: u64,
        nanos_since_epoch: u32,
    }
    "#);
}

#[test]
fn types_that_contain_themselves_are_named() {
    let texts = written(&[trace::<Two>().unwrap(), trace::<Vec<Leaf>>().unwrap()]);
    assert_eq!(texts.schemas, ["Two", "[Leaf]"]);
    insta::assert_snapshot!(texts.declarations.join("\n"), @"
    struct Leaf {
        of: Option<Tree>,
    }
    struct Tree {
        leaf: Option<Leaf>,
        kids: [Tree],
    }
    struct Two {
        a: Tree,
        b: Tree,
        c: Leaf,
    }
    ");
}

#[test]
fn types_of_one_name_are_told_apart_by_their_fingerprints() {
    let (new, old) = (trace::<Line>().unwrap(), trace::<other::Line>().unwrap());
    let texts = written(&[new.clone(), old.clone()]);
    let digits = &old.fingerprint().to_string()[..8];
    assert_eq!(texts.schemas, ["Line".to_owned(), format!("Line#{digits}")]);
    assert_eq!(written(&[old, new]).schemas[0], "Line", "who comes first has the name alone");
}

#[test]
fn what_names_cannot_say_is_written_where_it_is_used() {
    insta::assert_snapshot!(written(&[trace::<Nest>().unwrap()]).schemas[0], @"[^0]");
    let texts = written(&[trace::<SameNames>().unwrap()]);
    insta::assert_snapshot!(texts.schemas[0], @"struct SameNames { a: struct Tree { leaf: Option<struct Leaf { of: Option<^1> }>, kids: [^1] }, b: struct Tree { leaf: Option<^3>, kids: [^8] }, c: ^1, d: struct Line { sku: String, price: Option<struct Cents(u64)> }, e: struct Line { text: String } }");
    assert!(texts.declarations.is_empty());
}

#[test]
fn a_second_type_of_a_name_that_contains_itself_namelessly_is_written_where_it_is_used() {
    let first = Schema::TupleStruct { name: "A".into(), fields: vec![Schema::U8] };
    let circle = Schema::Tuple(vec![Schema::Ref(2)]);
    let second = |name: &str| {
        let inner = Schema::TupleStruct { name: "B".into(), fields: vec![circle.clone()] };
        Schema::NewtypeStruct { name: name.into(), inner: Box::new(inner) }
    };
    let schemas = [first, second("A")];
    let texts = written(&schemas);
    assert_eq!(texts.schemas, ["A", "struct A(struct B((^2,),))"]);
    assert_eq!(read_back(&texts), schemas);
}

#[test]
fn a_reference_that_leads_nowhere_is_refused() {
    for wrong in ["^0", "[^1]", "(u8, ^1)", "[(^0, ^5)]", "(struct A, ^1)"] {
        let error = Declarations::default().schema(wrong, &mut usize::MAX.clone()).unwrap_err();
        assert!(error.what.contains("leads to no type before it"), "{wrong}: {error}");
    }
    let hand_made = Schema::Seq(Box::new(Schema::Ref(9)));
    assert_eq!(written(&[hand_made]).schemas, ["[^9]"]);
}

#[test]
fn mistakes_are_said_where_they_are() {
    let read = |text| Declarations::default().schema(text, &mut usize::MAX.clone()).unwrap_err();
    let says = |text, at, what: &str| {
        let error = read(text);
        assert_eq!((error.at, error.what.as_str()), (at, what), "{text}");
    };
    says("", 0, "expected a type, found the end");
    says("Option<u8", 9, "expected `>`, found the end");
    says("(u8 u16)", 4, "expected `,` or `)`, found `u16)`");
    says("[u8; x]", 5, "expected a number, found `x]`");
    says("[u8; 99999999999]", 5, "expected a number, found `99999999999]`");
    says("u8 u8", 3, "expected nothing more, found `u8`");
    says("Order", 0, "type `Order` is not declared");
    says("Order#", 6, "expected the digits of a fingerprint, found the end");
    says("struct A { a u8 }", 13, "expected `:`, found `u8 }`");
    says("\"a", 0, "expected a type, found `\"a`");
    let twice = Declarations::read(["struct A", "struct A"]).unwrap_err();
    assert_eq!((twice.0, twice.1.what.as_str()), (1, "type `A` is declared twice"));
    let neither = Declarations::read(["u8"]).unwrap_err();
    assert_eq!(neither.1.what, "expected `struct` or `enum`, found `u8`");
}

#[test]
fn hostile_text_is_bounded() {
    let read = |types: &[&str], text: &str| {
        Declarations::read(types.iter().copied())
            .map_err(|(_, error)| error)
            .and_then(|types| types.schema(text, &mut 5_000))
    };
    let deep = "[".repeat(1_000_000);
    assert!(read(&[], &deep).unwrap_err().what.contains("deeper"));
    assert!(read(&[&format!("struct A({deep}")], "A").unwrap_err().what.contains("deeper"));
    assert!(read(&[], "[u8; 4294967295]").unwrap_err().what.contains("larger"));
    let doubled: Vec<String> = (0..60).map(|n| format!("struct A{n}(A{m}, A{m})", m = n + 1)).collect();
    let doubled: Vec<&str> = doubled.iter().map(String::as_str).chain(["struct A60"]).collect();
    assert!(read(&doubled, "A0").unwrap_err().what.contains("larger"));
    let chain: Vec<String> = (0..SCHEMA_DEPTH_MAX + 1).map(|n| format!("struct A{n}(A{})", n + 1)).collect();
    let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
    assert!(read(&chain, "A0").unwrap_err().what.contains("deeper"));
    let types = Declarations::default();
    let mut left = 10;
    assert!(types.schema("[u8; 4]", &mut left).is_ok());
    assert_eq!(left, 5, "what was read before counts");
    assert!(types.schema("[u8; 6]", &mut left).is_err());
}

#[test]
fn references_that_make_a_long_chain_take_no_stack_and_no_square_of_time() {
    let nameless = |before| (Schema::Option(Box::new(before_or(Schema::Unit, before))), 2);
    let named = |before| {
        (Schema::NewtypeStruct { name: "A".into(), inner: Box::new(before_or(Schema::Unit, before)) }, 2)
    };
    for schemas in [[chain(5_000, nameless)], [chain(5_000, named)]] {
        assert!(read_back(&written(&schemas)) == schemas);
    }
}

#[test]
fn references_that_double_what_they_refer_to_cost_no_more_than_was_written() {
    let doubled =
        |before| (Schema::Tuple(vec![before_or(Schema::Unit, before), before_or(Schema::Unit, before)]), 3);
    let named = |before| {
        (
            Schema::TupleStruct {
                name: "A".into(),
                fields: vec![before_or(Schema::Unit, before), before_or(Schema::Unit, before)],
            },
            3,
        )
    };
    for schemas in
        [[chain(100, doubled)], [chain(1_000, doubled)], [chain(100, named)], [chain(1_000, named)]]
    {
        assert!(read_back(&written(&schemas)) == schemas);
    }
}

#[test]
fn many_types_that_name_each_other_take_no_stack() {
    let circle: Vec<String> = (0..200_000).map(|n| format!("struct A{n}(A{})", (n + 1) % 200_000)).collect();
    let types = Declarations::read(circle.iter().map(String::as_str)).unwrap();
    assert!(types.schema("A0", &mut 1_000).is_err());
}

#[test]
fn every_name_comes_back() {
    for name in [
        "a",
        "größe",
        "_",
        "",
        "a b",
        "u8",
        "Option",
        "a\"b\\",
        "\n",
        "\u{202e}x",
        "9",
        "#",
        "struct",
        "\u{1F600}",
    ] {
        let text = name_text(name);
        assert!(!text.contains('\n') && !text.contains('\u{202e}'), "{text}");
        assert_eq!(read_name(&text), Some((name.to_owned(), text.len())), "{text}");
        assert_eq!(read_name(&format!("{text}: u8")), Some((name.to_owned(), text.len())), "{text}");
        let named = Schema::Struct { name: name.into(), fields: vec![(name.into(), Schema::U8)] };
        let variants: Vec<(Name, _)> = vec![(name.into(), VariantSchema::Unit)];
        let pair = [named.clone(), Schema::Enum { name: name.into(), variants }];
        assert_eq!(read_back(&written(&pair)), pair);
    }
    for wrong in ["", "\"", "\"\\", "\"\\x\"", "\"\\u{110000}\"", "\"\\u{+1}\"", "\"\\u{", "\"\\u{}\"", "#"] {
        assert_eq!(read_name(wrong), None, "{wrong}");
    }
}

#[test]
fn text_cut_or_changed_anywhere_is_an_error_or_another_schema() {
    let texts = written(&shapes());
    for declaration in &texts.declarations {
        for at in 0..declaration.len() {
            if let Some(cut) = declaration.get(..at) {
                let _ = Declarations::read([cut]);
            }
            for byte in [b' ', b'(', b'{', b'"', b'0', b'^', b'\n', b','] {
                let mut changed = declaration.clone().into_bytes();
                changed[at] = byte;
                if let Ok(changed) = String::from_utf8(changed)
                    && let Ok(types) = Declarations::read([changed.as_str()])
                {
                    let _ = types.schema("Order", &mut 1_000);
                }
            }
        }
        if let Some(open) = declaration.strip_suffix(['}', ')']) {
            assert!(Declarations::read([open]).is_err(), "{open}");
        }
    }
}
