//! Every bit and every cut of a sample snapshot, and hostile lengths.

use super::*;
use crate::Schema;

fn sample() -> (Header, Vec<u8>) {
    let header = Header {
        workflow: "place_order".into(),
        point: "Charge".into(),
        fingerprint: Fingerprint(*b"0123456789abcdef"),
        instance: [7; 16],
        run: 3,
        epoch: 1 << 40,
        frame: 2,
        parent: Some(0),
        visit: 99,
        failed: 4,
    };
    (header, b"the saved locals".to_vec())
}

#[test]
fn a_snapshot_reads_back_with_what_follows_it() {
    let (mut header, payload) = sample();
    let mut bytes = encode(&header, None, &payload).unwrap();
    let first_bytes = bytes.len();
    header.parent = None;
    header.frame = 0;
    bytes.extend(encode(&header, None, b"").unwrap());

    let first = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!((first.header, first.payload), (sample().0, &payload[..]));
    assert_eq!(first.rest, &bytes[first_bytes..]);
    let second = decode(first.rest, &Limits::default()).unwrap();
    assert_eq!(second, Decoded { header, schema: None, payload: b"", rest: b"" });
}

#[test]
fn the_layout_is_the_documented_one() {
    let (header, payload) = sample();
    let bytes = encode(&header, None, &payload).unwrap();
    let mut expected = b"DURS\x01\x01\x00\x00\x0b\x00place_order\x06\x00Charge0123456789abcdef".to_vec();
    expected.extend([7; 16]);
    expected.extend([3, 0, 0, 0]);
    expected.extend([0, 0, 0, 0, 0, 1, 0, 0]);
    expected.extend([2, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([0; 8]);
    expected.extend([99, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([4, 0, 0, 0]);
    expected.extend([16, 0, 0, 0]);
    expected.extend(&payload);
    expected.extend(crc32c::crc32c(&expected).to_le_bytes());
    assert_eq!(bytes, expected);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (header, payload) = sample();
    let bytes = encode(&header, None, &payload).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = decode(&flipped, &Limits::default()).expect_err("a flipped bit");
        match bit / 8 {
            0..4 => assert_eq!(error, SnapshotError::NotASnapshot),
            4 => assert!(matches!(error, SnapshotError::UnknownVersion { newest: 1, .. })),
            5 => assert!(matches!(error, SnapshotError::UnknownCodec { .. })),
            // Taken for one with a schema, which is not there.
            6 if bit == 48 => assert!(!matches!(error, SnapshotError::UnknownFlags { .. })),
            6..8 => assert!(matches!(error, SnapshotError::UnknownFlags { .. })),
            _ => {}
        }
    }
}

/// A snapshot with its schema.
fn described() -> (Header, PointSchema, Vec<u8>) {
    let fields = vec![("paid".to_owned(), Schema::U64), ("note".to_owned(), Schema::String)];
    let schema = PointSchema { name: "Charge".into(), operation: "charge".into(), fields };
    let header = Header { fingerprint: schema.fingerprint(), ..sample().0 };
    (header, schema, postcard::to_stdvec(&(7_u64, "fragile")).unwrap())
}

#[test]
fn with_its_schema_a_snapshot_shows_what_is_in_it() {
    let (header, schema, payload) = described();
    let bytes = encode(&header, Some(&schema.to_bytes()), &payload).unwrap();
    let decoded = decode(&bytes, &Limits::default()).unwrap();
    let value = decoded.value().unwrap().unwrap();
    assert_eq!(value.to_string(), r#"Charge { paid: 7, note: "fragile" }"#);
    assert_eq!(
        decoded,
        Decoded { header: header.clone(), schema: Some(schema), payload: &payload, rest: b"" }
    );
    let bare = encode(&header, None, &payload).unwrap();
    assert!(decode(&bare, &Limits::default()).unwrap().value().is_none());
}

#[test]
fn with_a_schema_every_flipped_bit_and_every_cut_is_noticed() {
    let (header, schema, payload) = described();
    let bytes = encode(&header, Some(&schema.to_bytes()), &payload).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        decode(&flipped, &Limits::default()).expect_err("a flipped bit");
    }
    for have in 0..bytes.len() {
        let error = decode(&bytes[..have], &Limits::default()).expect_err("a cut");
        assert!(matches!(error, SnapshotError::Truncated { .. }), "{error}");
    }
}

#[test]
fn a_schema_that_is_none_or_another_one_is_refused() {
    let (header, schema, payload) = described();
    let read = |schema: &[u8]| {
        decode(&encode(&header, Some(schema), &payload).unwrap(), &Limits::default()).unwrap_err()
    };
    let renamed = PointSchema { name: "Refund".into(), ..schema.clone() };
    assert!(
        matches!(read(&renamed.to_bytes()), SnapshotError::OtherSchema { point, .. } if point == "Refund")
    );
    let other = PointSchema { operation: "refund".into(), ..schema.clone() };
    assert!(matches!(read(&other.to_bytes()), SnapshotError::OtherSchema { .. }));
    assert!(matches!(read(b""), SnapshotError::Schema(_)));
    let too_long = vec![0; SCHEMA_BYTES_MAX + 1];
    let error = encode(&header, Some(&too_long), &payload).unwrap_err();
    assert_eq!(error, SnapshotError::SchemaTooLarge { bytes: too_long.len() });

    // A hostile length is refused before anything is read.
    let mut bytes = encode(&header, Some(&schema.to_bytes()), &payload).unwrap();
    let length_at = bytes.len() - CRC_BYTES - payload.len() - 4 - schema.to_bytes().len() - 4;
    bytes[length_at..length_at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = decode(&bytes, &Limits { payload_bytes_max: usize::MAX }).unwrap_err();
    assert_eq!(error, SnapshotError::SchemaTooLarge { bytes: u32::MAX as usize });
}

#[test]
fn every_cut_is_noticed_and_says_how_much_is_missing() {
    let (header, payload) = sample();
    let bytes = encode(&header, None, &payload).unwrap();
    for have in 0..bytes.len() {
        match decode(&bytes[..have], &Limits::default()) {
            Err(SnapshotError::Truncated { need, have: found }) => {
                assert_eq!(found, have);
                assert!(need > have && need <= bytes.len(), "{need} of {} at {have}", bytes.len());
            }
            other => panic!("cut at {have}: {other:?}"),
        }
    }
}

#[test]
fn the_size_cap_comes_before_the_payload() {
    let (header, payload) = sample();
    let mut bytes = encode(&header, None, &payload).unwrap();
    let length_at = bytes.len() - CRC_BYTES - payload.len() - 4;
    bytes[length_at..length_at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let over = SnapshotError::TooLarge { bytes: u32::MAX as usize, max: PAYLOAD_BYTES_MAX };
    assert_eq!(decode(&bytes, &Limits::default()), Err(over));
    let error = decode(&bytes, &Limits { payload_bytes_max: usize::MAX }).unwrap_err();
    assert!(matches!(error, SnapshotError::Truncated { .. }));
}

#[test]
fn a_payload_at_the_cap_is_read_and_one_above_is_not() {
    let (header, payload) = sample();
    let bytes = encode(&header, None, &payload).unwrap();
    assert!(decode(&bytes, &Limits { payload_bytes_max: payload.len() }).is_ok());
    let error = decode(&bytes, &Limits { payload_bytes_max: payload.len() - 1 }).unwrap_err();
    assert_eq!(error, SnapshotError::TooLarge { bytes: payload.len(), max: payload.len() - 1 });
}

#[test]
fn bad_names_are_refused_in_both_directions() {
    let (mut header, payload) = sample();
    let mut bytes = encode(&header, None, &payload).unwrap();
    bytes[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
    let too_long = SnapshotError::BadName { which: "workflow", problem: "is too long" };
    assert_eq!(decode(&bytes, &Limits::default()), Err(too_long.clone()));
    bytes[8..10].copy_from_slice(&11u16.to_le_bytes());
    bytes[10] = 0xff;
    let not_utf8 = SnapshotError::BadName { which: "workflow", problem: "is not UTF-8" };
    assert_eq!(decode(&bytes, &Limits::default()), Err(not_utf8));

    header.workflow = "w".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(encode(&header, None, &payload), Err(too_long));
    header.workflow = "w".repeat(NAME_BYTES_MAX);
    header.point.clear();
    assert_eq!(
        encode(&header, None, &payload),
        Err(SnapshotError::BadName { which: "point", problem: "is empty" })
    );
}

#[test]
fn the_reserved_parent_is_refused() {
    let (mut header, payload) = sample();
    header.parent = Some(u64::MAX);
    assert_eq!(encode(&header, None, &payload), Err(SnapshotError::BadParent { frame: 2 }));
}
