//! Every bit and every cut of a sample snapshot, and hostile lengths.

use super::*;

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
    let mut bytes = encode(&header, &payload).unwrap();
    let first_bytes = bytes.len();
    header.parent = None;
    header.frame = 0;
    bytes.extend(encode(&header, b"").unwrap());

    let (first, first_payload, rest) = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!((first, first_payload), (sample().0, &payload[..]));
    assert_eq!(rest, &bytes[first_bytes..]);
    let (second, second_payload, rest) = decode(rest, &Limits::default()).unwrap();
    assert_eq!((second, second_payload, rest), (header, &b""[..], &b""[..]));
}

#[test]
fn the_layout_is_the_documented_one() {
    let (header, payload) = sample();
    let bytes = encode(&header, &payload).unwrap();
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
    let bytes = encode(&header, &payload).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = decode(&flipped, &Limits::default()).expect_err("a flipped bit");
        match bit / 8 {
            0..4 => assert_eq!(error, SnapshotError::NotASnapshot),
            4 => assert!(matches!(error, SnapshotError::UnknownVersion { newest: 1, .. })),
            5 => assert!(matches!(error, SnapshotError::UnknownCodec { .. })),
            6..8 => assert!(matches!(error, SnapshotError::UnknownFlags { .. })),
            _ => {}
        }
    }
}

#[test]
fn every_cut_is_noticed_and_says_how_much_is_missing() {
    let (header, payload) = sample();
    let bytes = encode(&header, &payload).unwrap();
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
    let mut bytes = encode(&header, &payload).unwrap();
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
    let bytes = encode(&header, &payload).unwrap();
    assert!(decode(&bytes, &Limits { payload_bytes_max: payload.len() }).is_ok());
    let error = decode(&bytes, &Limits { payload_bytes_max: payload.len() - 1 }).unwrap_err();
    assert_eq!(error, SnapshotError::TooLarge { bytes: payload.len(), max: payload.len() - 1 });
}

#[test]
fn bad_names_are_refused_in_both_directions() {
    let (mut header, payload) = sample();
    let mut bytes = encode(&header, &payload).unwrap();
    bytes[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
    let too_long = SnapshotError::BadName { which: "workflow", problem: "is too long" };
    assert_eq!(decode(&bytes, &Limits::default()), Err(too_long.clone()));
    bytes[8..10].copy_from_slice(&11u16.to_le_bytes());
    bytes[10] = 0xff;
    let not_utf8 = SnapshotError::BadName { which: "workflow", problem: "is not UTF-8" };
    assert_eq!(decode(&bytes, &Limits::default()), Err(not_utf8));

    header.workflow = "w".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(encode(&header, &payload), Err(too_long));
    header.workflow = "w".repeat(NAME_BYTES_MAX);
    header.point.clear();
    assert_eq!(
        encode(&header, &payload),
        Err(SnapshotError::BadName { which: "point", problem: "is empty" })
    );
}

#[test]
fn the_reserved_parent_is_refused() {
    let (mut header, payload) = sample();
    header.parent = Some(u64::MAX);
    assert_eq!(encode(&header, &payload), Err(SnapshotError::BadParent { frame: 2 }));
}
