//! The state as a value: what a blob holds, as the generated enum.

use crate::{
    countdown::launch,
    driver::{Crash, drive, resources},
    hand::{PlaceOrderState, place_order},
    shop::{Order, Shop},
};
use durable_core::{
    Fingerprint, Resources, State, StateError, Workflow, describe,
    private::FieldReader,
    snapshot::{self, Limits},
};

fn shop() -> Resources {
    resources(|resources| resources.insert(Shop::new(|_| {})))
}

/// The root frame of a blob, read as the workflow's state.
fn state<W: Workflow>(blob: &[u8]) -> Result<W::State, StateError> {
    let snapshot::Decoded { header, payload, .. } = snapshot::decode(blob, &Limits::default()).unwrap();
    let description = describe::<W>().unwrap();
    let schema = &description.points[description.point(&header.point).unwrap()];
    W::State::decode(&header.point, &mut FieldReader::new(&schema.fields, payload))
}

#[test]
fn every_blob_reads_as_the_variant_of_its_await_point() {
    let blobs = drive(&shop(), place_order::input(Order::of(&["a", "bbb"], 10)), Crash::Never).blobs;
    let states: Vec<_> = blobs.iter().map(|blob| state::<place_order>(blob).unwrap()).collect();
    let points: Vec<_> = states.iter().map(State::point).collect();
    assert_eq!(points, ["Reserve", "Reserve", "Longest", "Charge", "EventGateway", "Sleep", "Ship"]);
    match &states[1] {
        PlaceOrderState::Reserve { order, ids, item_at } => {
            assert_eq!((order, *item_at), (&Order::of(&["a", "bbb"], 10), 1));
            assert_eq!(ids.decode::<Vec<u64>>(), Ok(vec![11]));
            assert_eq!(format!("{ids:?}"), "[11]", "it prints without its type");
            assert!(matches!(ids.decode::<Vec<u16>>(), Err(StateError::OtherType { .. })));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_moved_out_local_is_not_in_the_state() {
    let blobs = drive(&shop(), place_order::input(Order::of(&["a"], 10)), Crash::Never).blobs;
    let text = format!("{:?}", state::<place_order>(blobs.last().unwrap()).unwrap());
    assert!(text.starts_with("Ship { line: \"p10-7 ada [11] 1 gateway's eve\", order: Order"), "{text}");
}

#[test]
fn an_unknown_point_is_a_typed_error() {
    let error = PlaceOrderState::decode("Refund", &mut FieldReader::new(&[], &[])).unwrap_err();
    assert_eq!(error, StateError::UnknownPoint("Refund".into()));
}

#[test]
fn the_description_has_the_points_and_fields_of_the_source() {
    fn same<W: Workflow>() {
        let description = describe::<W>().unwrap();
        assert_eq!(description.points.len(), W::POINTS.len());
        for (traced, written) in description.points.iter().zip(W::POINTS) {
            assert_eq!(traced.name, written.name);
            let fields: Vec<_> = traced.fields.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(fields, written.fields);
        }
        assert_ne!(description.fingerprint, Fingerprint([0; 16]));
    }
    same::<place_order>();
    same::<launch>();
}
