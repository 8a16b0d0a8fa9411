//! Damaged blobs: a typed error or the same execution, never a panic and never another state.

use crate::{
    countdown::launch,
    driver::{Crash, block_on, drive, id, resources, start},
    hand::place_order,
    ledger::Ledger,
    shop::{Order, Shop},
    single::{Bench, marking},
};
use durable_core::{
    Arrived, Resources, Run, RunError, Workflow, read_state,
    snapshot::{self, Header, Limits},
};

fn shop() -> Resources {
    resources(|resources| resources.insert(Shop::new(|_| {})))
}

fn resume<'r, W: Workflow>(shop: &'r Resources, blob: &[u8]) -> Result<Run<'r, W>, RunError> {
    Run::resume(id(), W::resources(shop).unwrap(), blob, Arrived::Nothing)
}

fn blobs() -> Vec<Vec<u8>> {
    drive(&shop(), launch::input(2), Crash::Never).blobs
}

#[test]
fn every_flipped_bit_is_found() {
    let shop = shop();
    for blob in blobs() {
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = resume::<launch>(&shop, &flipped).expect_err("a flipped bit");
            assert!(matches!(error, RunError::Snapshot(_)), "bit {bit}: {error}");
        }
    }
}

#[test]
fn every_flipped_bit_behind_a_checksum_that_holds_is_an_error_or_another_state() {
    let shop = shop();
    let blob = drive(&shop, place_order::input(Order::of(&["a"], 10)), Crash::Never).blobs.remove(0);
    assert!(snapshot::decode(&blob, &Limits::default()).unwrap().schema.is_some());
    let sum_at = blob.len() - 4;
    let mut others = 0;
    for bit in 0..sum_at * 8 {
        let mut flipped = blob.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let sum = crc32c::crc32c(&flipped[..sum_at]).to_le_bytes();
        flipped[sum_at..].copy_from_slice(&sum);
        if let Ok(decoded) = snapshot::decode(&flipped, &Limits::default()) {
            let _ = decoded.value();
            others += u32::from(read_state::<place_order>(&flipped).is_ok());
        }
    }
    assert!(others > 0, "an instance may be any");
}

#[test]
fn every_truncation_inside_a_frame_is_found() {
    let shop = shop();
    let blob = drive(&shop, place_order::input(Order::of(&["a"], 10)), Crash::Never).blobs.remove(0);
    for length in 0..blob.len() {
        let error = resume::<place_order>(&shop, &blob[..length]).expect_err("a truncated blob");
        assert!(matches!(error, RunError::Snapshot(_)), "length {length}: {error}");
    }
}

#[test]
fn bytes_behind_the_last_frame_are_refused() {
    let shop = shop();
    for mut blob in blobs() {
        blob.push(0);
        resume::<launch>(&shop, &blob).expect_err("a byte too many");
    }
}

#[test]
fn frames_of_different_moments_are_refused() {
    let (shop, blobs) = (shop(), blobs());
    // The parent as it was first, with the frames that came later.
    let deepest = blobs.iter().max_by_key(|blob| blob.len()).unwrap();
    let root = &blobs[0];
    let mixed = [root.as_slice(), &deepest[root.len()..]].concat();
    let error = resume::<launch>(&shop, &mixed).expect_err("a mixed blob");
    assert!(matches!(error, RunError::Frames(_)), "{error}");
}

#[test]
fn a_child_without_its_parent_is_refused() {
    let (shop, blobs) = (shop(), blobs());
    let deepest = blobs.iter().max_by_key(|blob| blob.len()).unwrap();
    let error = resume::<launch>(&shop, &deepest[blobs[0].len()..]).expect_err("an orphan");
    assert!(matches!(error, RunError::Frames(_)), "{error}");
}

#[test]
fn a_blob_of_another_workflow_is_refused_by_name() {
    let (shop, blobs) = (shop(), blobs());
    let error = resume::<place_order>(&shop, &blobs[0]).expect_err("another workflow");
    assert_eq!(error.to_string(), "the blob is of workflow `launch`, not `place_order`");
}

#[test]
fn counters_that_could_overflow_are_refused() {
    let shop = shop();
    let blob = blobs().remove(0);
    let snapshot::Decoded { header, payload, .. } = snapshot::decode(&blob, &Limits::default()).unwrap();
    let crafted = [
        Header { epoch: u64::MAX, ..header.clone() },
        Header { visit: u64::MAX, ..header.clone() },
        Header { failed: u32::MAX, ..header },
    ];
    for header in crafted {
        let blob = snapshot::encode(&header, None, payload).unwrap();
        let error = resume::<launch>(&shop, &blob).expect_err("an absurd counter");
        assert!(matches!(error, RunError::Frames(_)), "{error}");
    }
}

#[test]
fn a_count_of_elements_that_take_no_bytes_is_not_believed() {
    let bench = resources(|resources| resources.insert(Bench::new(|_| {})));
    let mut run = start::<marking>(&bench, marking::input(vec![(); 3]));
    block_on(run.next()).unwrap();
    let blob = run.blob().unwrap();
    assert_eq!(format!("{:?}", read_state::<marking>(&blob).unwrap()), "Record { n: [(), (), ()] }");
    let snapshot::Decoded { header, schema, .. } = snapshot::decode(&blob, &Limits::default()).unwrap();
    let schema = schema.unwrap().to_bytes();
    let payload = postcard::to_stdvec(&u64::MAX).unwrap();
    for schema in [None, Some(&*schema)] {
        let blob = snapshot::encode(&header, schema, &payload).unwrap();
        let error = read_state::<marking>(&blob).unwrap_err();
        assert!(error.to_string().contains("a count in it is damaged or hostile"), "{error}");
        let mut run = resume::<marking>(&bench, &blob).unwrap();
        let error = block_on(run.next()).unwrap_err();
        assert!(matches!(&error, RunError::SetAside(reason) if reason.contains("a count in it")), "{error}");
    }
}

#[test]
fn an_edited_snapshot_whose_borrow_is_gone_is_set_aside() {
    let ledger = Ledger::default();
    let shop = resources(|resources| resources.insert(Shop::new(ledger.recorder())));
    let blob = drive(&shop, place_order::input(Order::of(&["a"], 10)), Crash::Never).blobs.remove(0);
    let effects = ledger.effects().len();
    let snapshot::Decoded { header, payload, .. } = snapshot::decode(&blob, &Limits::default()).unwrap();
    let (order, ids, _): (Order, Vec<u64>, usize) = postcard::from_bytes(payload).unwrap();
    let edited = postcard::to_stdvec(&(order, ids, 99usize)).unwrap();
    let mut run = resume::<place_order>(&shop, &snapshot::encode(&header, None, &edited).unwrap()).unwrap();
    let error = block_on(run.next()).unwrap_err();
    assert!(
        matches!(&error, RunError::SetAside(reason) if reason.starts_with("a borrowed value")),
        "{error}"
    );
    assert_eq!(ledger.effects().len(), effects, "nothing ran");
}

#[test]
fn a_payload_of_another_length_is_set_aside() {
    let shop = shop();
    let blob = blobs().remove(0);
    let snapshot::Decoded { header, payload, .. } = snapshot::decode(&blob, &Limits::default()).unwrap();
    for payload in [&payload[..0], &[payload, &[0]].concat()] {
        let mut run = resume::<launch>(&shop, &snapshot::encode(&header, None, payload).unwrap()).unwrap();
        let error = block_on(run.next()).unwrap_err();
        let reason = "the snapshot at await point `Countdown` cannot be read: ";
        assert!(matches!(&error, RunError::SetAside(found) if found.starts_with(reason)), "{error}");
    }
}

#[test]
fn a_run_is_good_for_its_blob_after_it_was_set_aside() {
    let ledger = Ledger::default();
    let shop = resources(|resources| resources.insert(Shop::new(ledger.recorder())));
    let blob = &blobs()[0];
    let mut run = resume::<launch>(&shop, blob).unwrap();
    assert_eq!(&run.blob().unwrap(), blob, "a blob comes out as it went in");
    block_on(run.next()).unwrap();
    assert_ne!(&run.blob().unwrap(), blob);
}
