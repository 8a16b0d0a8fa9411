//! What becomes of an old value when its type has changed.

use super::trace;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

/// Saved as `old`, read as `N`: by the schema of the old type alone.
fn changed<O: Serialize + DeserializeOwned, N: DeserializeOwned>(old: &O) -> Result<N, String> {
    let bytes = postcard::to_stdvec(old).unwrap();
    let (value, rest) = trace::<O>().unwrap().decode(&bytes).unwrap();
    assert!(rest.is_empty());
    value.rebuild().map_err(|error| error.to_string())
}

#[track_caller]
fn becomes<O: Serialize + DeserializeOwned, N: DeserializeOwned + PartialEq + Debug>(old: O, new: N) {
    assert_eq!(changed(&old), Ok(new));
}

#[track_caller]
fn refused<O: Serialize + DeserializeOwned, N: DeserializeOwned + Debug>(old: O, why: &str) {
    let error = changed::<O, N>(&old).expect_err("it must not be guessed");
    assert!(error.contains(why), "{error}");
}

mod old {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub(super) struct Order {
        pub(super) customer: String,
        pub(super) total: u32,
        pub(super) note: String,
        pub(super) lines: Vec<Line>,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Line {
        pub(super) sku: String,
        pub(super) pieces: u8,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Kind {
        Card { number: String },
        Invoice(u16),
        Pair(u8, u8),
        Free,
    }

    pub(super) fn order() -> Order {
        Order {
            customer: "ada".into(),
            total: 10,
            note: "fragile".into(),
            lines: vec![Line { sku: "a".into(), pieces: 1 }, Line { sku: "b".into(), pieces: 2 }],
        }
    }
}

#[test]
fn fields_are_found_by_name_in_any_order_and_the_unknown_is_left_out() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Order {
        lines: Vec<Line>,
        total: u64,
        customer: String,
    }
    #[derive(Deserialize, PartialEq, Debug)]
    struct Line {
        pieces: u32,
        sku: String,
    }
    let lines = vec![Line { pieces: 1, sku: "a".into() }, Line { pieces: 2, sku: "b".into() }];
    becomes(old::order(), Order { lines, total: 10, customer: "ada".into() });
}

#[test]
fn what_is_new_has_its_default_or_is_missed_by_name() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Order {
        total: u32,
        coupon: Option<String>,
        #[serde(default)]
        points: u32,
        #[serde(alias = "note")]
        remark: String,
    }
    becomes(old::order(), Order { total: 10, coupon: None, points: 0, remark: "fragile".into() });

    #[derive(Deserialize, Debug)]
    struct Stricter {
        #[expect(dead_code)]
        priority: u8,
    }
    refused::<_, Stricter>(old::order(), "missing field `priority`");

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Closed {
        #[expect(dead_code)]
        total: u32,
    }
    refused::<_, Closed>(old::order(), "unknown field `customer`");
}

#[test]
fn an_error_names_the_place() {
    #[derive(Deserialize, Debug)]
    struct Order {
        #[expect(dead_code)]
        lines: Vec<Line>,
    }
    #[derive(Deserialize, Debug)]
    struct Line {
        #[expect(dead_code)]
        sku: u32,
    }
    refused::<_, Order>(old::order(), "`lines[0].sku`: invalid type: string \"a\", expected u32");
    refused::<_, BTreeMap<String, u8>>(
        BTreeMap::from([("x".to_owned(), 300_u16)]),
        "`[\"x\"]`: invalid value",
    );
}

#[test]
fn numbers_change_their_width_but_never_their_value() {
    becomes(7_u8, 7_u64);
    becomes(7_u64, 7_u8);
    becomes(7_u32, 7_i8);
    becomes(-7_i8, -7_i128);
    becomes(u64::MAX, u128::from(u64::MAX));
    becomes(u128::MAX, u128::MAX);
    becomes(1.5_f32, 1.5_f64);
    becomes(1.5_f64, 1.5_f32);
    becomes(3_u32, 3.0_f64);
    becomes(f64::INFINITY, f32::INFINITY);
    assert!(changed::<f32, f64>(&f32::NAN).unwrap().is_nan());
    refused::<_, u8>(300_u16, "300");
    refused::<_, u8>(-1_i8, "-1");
    refused::<_, u64>(u128::MAX, "");
    refused::<_, f32>(0.1_f64, "a number that an f32 holds exactly");
    refused::<_, f64>(u64::MAX, "a number that an f64 holds exactly");
    refused::<_, u32>(1.0_f64, "floating point");
    refused::<_, bool>(1_u8, "expected a boolean");
    refused::<_, String>(1_u8, "expected a string");
}

#[test]
fn options_newtypes_and_text_are_wrapped_and_unwrapped() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Cents(u32);
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Price(Cents);
    becomes(7_u32, Cents(7));
    becomes(Cents(7), 7_u64);
    becomes(Price(Cents(7)), Cents(7));
    becomes(7_u32, Price(Cents(7)));
    becomes(7_u32, Some(7_u32));
    becomes(Some(7_u32), Some(7_u64));
    becomes(Some(Cents(7)), Some(7_u32));
    refused::<_, u32>(Some(7_u32), "Option");
    refused::<_, u32>(None::<u32>, "Option");
    becomes('x', "x".to_owned());
    becomes("x".to_owned(), 'x');
    refused::<_, char>("xy".to_owned(), "expected a character");
    becomes(vec![1_u8, 2], [1_u8, 2]);
    becomes([1_u8, 2], vec![1_u16, 2]);
    refused::<_, [u8; 1]>(vec![1_u8, 2], "expected");
    refused::<_, (u8, u8)>((1_u8, 2_u8, 3_u8), "invalid length 3");
}

#[test]
fn maps_and_structs_are_alike_but_tuples_are_not_structs() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Point {
        x: u8,
        y: u8,
    }
    #[derive(Serialize, Deserialize, Debug)]
    struct Pair(u8, u8);
    let map = HashMap::from([("x".to_owned(), 1_u8), ("y".to_owned(), 2)]);
    becomes(map.clone(), Point { x: 1, y: 2 });
    becomes(Point { x: 1, y: 2 }, map);
    refused::<_, Point>((1_u8, 2_u8), "expected struct Point");
    refused::<_, Point>(Pair(1, 2), "expected struct Point");
    refused::<_, Pair>(Point { x: 1, y: 2 }, "expected tuple struct Pair");
    becomes(BTreeMap::from([(1_u8, "a".to_owned())]), BTreeMap::from([(1_u64, "a".to_owned())]));
}

#[test]
fn variants_are_found_by_name_and_keep_what_they_carry() {
    #[derive(Deserialize, PartialEq, Debug)]
    enum Kind {
        Gift,
        Free,
        #[serde(alias = "Invoice")]
        Bill(u32),
        Pair(u16, u16),
        Card {
            #[serde(default)]
            expiry: u16,
            number: String,
        },
    }
    becomes(old::Kind::Free, Kind::Free);
    becomes(old::Kind::Invoice(7), Kind::Bill(7));
    becomes(old::Kind::Pair(1, 2), Kind::Pair(1, 2));
    becomes(old::Kind::Card { number: "4".into() }, Kind::Card { expiry: 0, number: "4".into() });
    becomes("Gift".to_owned(), Kind::Gift);
    refused::<_, Kind>(7_u8, "expected enum Kind");

    #[derive(Deserialize, Debug)]
    enum Fewer {
        Free(#[expect(dead_code)] u8),
        Card,
        #[serde(other)]
        Other,
    }
    refused::<_, Fewer>(
        old::Kind::Free,
        "`Free`: invalid type: unit variant, expected a variant with one value",
    );
    refused::<_, Fewer>(old::Kind::Card { number: "4".into() }, "what it carried would be lost");
    refused::<_, Fewer>(old::Kind::Invoice(7), "what it carried would be lost");
    assert!(matches!(changed::<_, Fewer>(&"Pair".to_owned()), Ok(Fewer::Other)));
}
