//! Packing and unpacking, with and without keys; damage of every bit and every length.

use super::*;
use durable_core::store::SchemaId;

const SNAPSHOT: Owner<'_> =
    Owner::Snapshot { instance: [1; 16], frame: 0, visit: 3, workflow: "order", point: "Charge" };

fn snapshot(payload: &[u8]) -> Vec<u8> {
    let mut blob = vec![0; Form::Snapshot.header_bytes()];
    blob.extend_from_slice(payload);
    stored::stamp(&mut blob, SchemaId(7), 42);
    blob
}

#[cfg(any(feature = "compression", feature = "encryption"))]
fn value(payload: &[u8]) -> Vec<u8> {
    let mut blob = vec![9; Form::Value.header_bytes()];
    blob.extend_from_slice(payload);
    stored::mark(&mut blob, Packing::default());
    stored::sum(Form::Value, &mut blob);
    blob
}

/// Checks, then unpacks.
fn unpack(codec: &Codec, form: Form, blob: &[u8], owner: &Owner<'_>) -> Result<Vec<u8>, PayloadError> {
    let packing = stored::check(form, blob).expect("its checksum holds");
    codec.unpack(form, packing, blob, owner).map(Cow::into_owned)
}

/// What no zstd level can make smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(bytes).collect()
}

#[cfg(feature = "compression")]
mod compressed {
    use super::*;

    #[test]
    fn what_shrinks_is_stored_compressed_and_comes_back() {
        let codec = Codec::default();
        for (form, blob) in [(Form::Snapshot, snapshot(&[7; 5_000])), (Form::Value, value(&[7; 5_000]))] {
            let packed = codec.pack(form, &blob, &SNAPSHOT).unwrap().expect("it is compressed");
            assert!(packed.len() < 100, "{} bytes", packed.len());
            assert_eq!(stored::check(form, &packed), Ok(Packing { compressed: true, ..Packing::default() }));
            assert_eq!(unpack(&codec, form, &packed, &SNAPSHOT).unwrap(), blob);
        }
    }

    #[test]
    fn what_is_small_or_does_not_shrink_is_stored_as_it_is() {
        let mut codec = Codec::default();
        let pack = |codec: &Codec, payload: &[u8]| codec.pack(Form::Snapshot, &snapshot(payload), &SNAPSHOT);
        assert_eq!(pack(&codec, &[7; 4 << 10]), Ok(None));
        assert!(pack(&codec, &[7; (4 << 10) + 1]).unwrap().is_some());
        assert_eq!(pack(&codec, &noise(100_000)), Ok(None));
        codec.compress_above(None);
        assert_eq!(pack(&codec, &[7; 100_000]), Ok(None));
        codec.compress_above(Some(0));
        for bytes in 0..4 {
            assert_eq!(pack(&codec, &noise(bytes)), Ok(None), "{bytes}");
        }
    }

    /// A blob as a hostile writer would make it: its checksum holds.
    fn forged(frame: &[u8]) -> Vec<u8> {
        let mut blob = snapshot(frame);
        stored::mark(&mut blob, Packing { compressed: true, ..Packing::default() });
        stored::sum(Form::Snapshot, &mut blob);
        blob
    }

    #[test]
    fn a_declared_length_over_the_limit_is_refused_before_anything_is_made_room_for() {
        let mut codec = Codec::default();
        codec.limit(1_000);
        let frame = zstd::bulk::compress(&[0; 1_001], 1).unwrap();
        assert_eq!(
            unpack(&codec, Form::Snapshot, &forged(&frame), &SNAPSHOT),
            Err(PayloadError::TooLarge { bytes: 1_001, max: 1_000 })
        );
        // A header of zstd alone that declares 2^60 bytes: magic, a descriptor for an 8-byte length, the length.
        let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
        bomb.extend((1u64 << 60).to_le_bytes());
        bomb.extend([1, 0, 0]);
        assert_eq!(
            unpack(&codec, Form::Snapshot, &forged(&bomb), &SNAPSHOT),
            Err(PayloadError::TooLarge { bytes: 1 << 60, max: 1_000 })
        );
    }

    /// A frame with this as its length of four bytes, whatever is in it.
    fn declaring(bytes: u32, frame: &[u8]) -> Vec<u8> {
        // One segment, and a length of two bytes behind the descriptor.
        assert_eq!(frame[4] & 0xe0, 0x60);
        let longer = [&frame[..4], &[frame[4] ^ 0xc0], &bytes.to_le_bytes(), &frame[7..]].concat();
        assert!(
            matches!(zstd::zstd_safe::get_frame_content_size(&longer), Ok(Some(it)) if it == u64::from(bytes))
        );
        longer
    }

    #[test]
    fn a_frame_that_declares_little_and_gives_much_gives_no_more_than_it_declares() {
        let frame = zstd::bulk::compress(&[5; 60_000], 1).unwrap();
        for declared in [0, 1, 59_999, 60_001, PAYLOAD_BYTES_MAX as u32] {
            let result =
                unpack(&Codec::default(), Form::Snapshot, &forged(&declaring(declared, &frame)), &SNAPSHOT);
            let result = result.map(|plain| plain.len());
            assert!(matches!(result, Err(PayloadError::Undecompressed { .. })), "{declared}: {result:?}");
        }
        let honest =
            unpack(&Codec::default(), Form::Snapshot, &forged(&declaring(60_000, &frame)), &SNAPSHOT);
        assert_eq!(honest.unwrap(), snapshot(&[5; 60_000]));
    }

    #[test]
    fn a_frame_that_declares_four_gibibytes_is_refused_by_the_ordinary_limit() {
        let frame = zstd::bulk::compress(&[5; 60_000], 1).unwrap();
        for declared in [PAYLOAD_BYTES_MAX as u32 + 1, u32::MAX] {
            let forged = forged(&declaring(declared, &frame));
            assert_eq!(
                unpack(&Codec::default(), Form::Snapshot, &forged, &SNAPSHOT),
                Err(PayloadError::TooLarge { bytes: declared.into(), max: PAYLOAD_BYTES_MAX as u64 })
            );
        }
    }

    #[test]
    fn a_stream_of_another_length_than_it_declares_is_refused() {
        let codec = Codec::default();
        let damaged = |frame: &[u8]| {
            let result = unpack(&codec, Form::Snapshot, &forged(frame), &SNAPSHOT).map(|plain| plain.len());
            assert!(matches!(result, Err(PayloadError::Undecompressed { .. })), "{result:?}");
        };
        let frame = zstd::bulk::compress(&[5; 10_000], 1).unwrap();
        // A second frame behind the first is more than was declared.
        damaged(&[&*frame, &*frame].concat());
        damaged(&[&*frame, b"more"].concat());
        damaged(&[]);
        damaged(b"no zstd at all");
        // The length of a frame this size stands in two of these bytes.
        let mut others = 0;
        for (at, bit) in (5..8).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut other = frame.clone();
            other[at] ^= 1 << bit;
            if !matches!(zstd::zstd_safe::get_frame_content_size(&other), Ok(Some(10_000))) {
                others += 1;
                damaged(&other);
            }
        }
        assert_eq!(others, 16);
        let mut silent = zstd::bulk::Compressor::new(1).unwrap();
        silent.include_contentsize(false).unwrap();
        damaged(&silent.compress(&[5; 10_000]).unwrap());
    }

    #[test]
    fn every_damage_behind_a_checksum_that_holds_is_an_error_or_another_payload_of_bounded_length() {
        let codec = Codec::default();
        let frame =
            zstd::bulk::compress(&b"some text, and some text, and some more text".repeat(40), 1).unwrap();
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(plain) = unpack(&codec, Form::Snapshot, &forged(&flipped), &SNAPSHOT) {
                assert!(plain.len() <= PAYLOAD_BYTES_MAX + Form::Snapshot.header_bytes());
            }
        }
        for bytes in 0..frame.len() {
            let result = unpack(&codec, Form::Snapshot, &forged(&frame[..bytes]), &SNAPSHOT);
            assert!(matches!(result, Err(PayloadError::Undecompressed { .. })), "{result:?}");
        }
    }
}

#[cfg(not(feature = "compression"))]
#[test]
fn what_is_compressed_names_the_feature_it_takes() {
    let mut blob = snapshot(b"whatever");
    stored::mark(&mut blob, Packing { compressed: true, ..Packing::default() });
    stored::sum(Form::Snapshot, &mut blob);
    let error = unpack(&Codec::default(), Form::Snapshot, &blob, &SNAPSHOT).unwrap_err();
    assert_eq!(error, PayloadError::NoCompression);
    assert!(error.is_readable_elsewhere() && error.to_string().contains("feature `compression`"));
    assert_eq!(Codec::default().pack(Form::Snapshot, &snapshot(&noise(9_000)), &SNAPSHOT), Ok(None));
}

#[cfg(not(feature = "encryption"))]
#[test]
fn what_is_encrypted_names_the_key_and_the_feature_it_takes() {
    let mut blob = snapshot(&[&7u32.to_le_bytes()[..], &[0; 60]].concat());
    stored::mark(&mut blob, Packing { encrypted: true, ..Packing::default() });
    stored::sum(Form::Snapshot, &mut blob);
    let error = unpack(&Codec::default(), Form::Snapshot, &blob, &SNAPSHOT).unwrap_err();
    assert_eq!(error, PayloadError::NoEncryption { key: KeyId(7) });
    assert!(error.is_readable_elsewhere() && error.to_string().contains("feature `encryption`"));
}

#[cfg(feature = "encryption")]
mod encrypted {
    use super::*;

    fn codec(keys: Keys) -> Codec {
        let mut codec = Codec::default();
        codec.encrypt(keys);
        codec
    }

    fn seven() -> Codec {
        codec(Keys::new(7, [7; 32]))
    }

    fn packed(codec: &Codec, payload: &[u8]) -> Vec<u8> {
        codec.pack(Form::Snapshot, &snapshot(payload), &SNAPSHOT).unwrap().expect("it is encrypted")
    }

    #[test]
    fn what_is_encrypted_comes_back_and_shows_nothing() {
        let secret = b"4111-1111-1111-1111";
        for payload in [&secret[..], &secret.repeat(1_000), &[]] {
            let blob = packed(&seven(), payload);
            assert!(!blob.windows(secret.len()).any(|window| window == secret));
            assert_eq!(unpack(&seven(), Form::Snapshot, &blob, &SNAPSHOT).unwrap(), snapshot(payload));
        }
        let event = Owner::Event { execution: "a", name: "seal" };
        let blob = seven().pack(Form::Value, &value(secret), &event).unwrap().unwrap();
        assert_eq!(unpack(&seven(), Form::Value, &blob, &event).unwrap(), value(secret));
    }

    #[test]
    fn the_same_payload_is_never_encrypted_to_the_same_bytes() {
        let all: std::collections::HashSet<_> = (0..200).map(|_| packed(&seven(), b"yes")).collect();
        assert_eq!(all.len(), 200);
    }

    #[test]
    fn encryption_adds_48_bytes_and_nothing_is_added_without() {
        assert_eq!(packed(&seven(), b"payload").len(), snapshot(b"payload").len() + 8 + 24 + 16);
        assert!(Codec::default().pack(Form::Snapshot, &snapshot(b"payload"), &SNAPSHOT).unwrap().is_none());
    }

    #[test]
    fn an_older_key_is_read_and_a_missing_or_wrong_one_is_named() {
        let blob = packed(&seven(), b"payload");
        let read = |keys| unpack(&codec(keys), Form::Snapshot, &blob, &SNAPSHOT);
        let rotated = Keys::new(8, [8; 32]).older(7, [7; 32]).unwrap();
        assert_eq!(rotated.current(), KeyId(8));
        assert_eq!(read(rotated).unwrap(), snapshot(b"payload"));
        let missing = PayloadError::MissingKey { key: KeyId(7) };
        assert_eq!(read(Keys::new(8, [7; 32])), Err(missing.clone()));
        assert_eq!(unpack(&Codec::default(), Form::Snapshot, &blob, &SNAPSHOT), Err(missing.clone()));
        let wrong = PayloadError::WrongKey { key: KeyId(7) };
        assert_eq!(read(Keys::new(7, [6; 32])), Err(wrong.clone()));
        for error in [missing, wrong] {
            assert!(error.is_readable_elsewhere());
            assert!(error.to_string().contains("key 7"), "{error}");
        }
        assert_eq!(Keys::new(1, [1; 32]).older(1, [2; 32]).unwrap_err(), KeyIdTaken(KeyId(1)));
    }

    #[test]
    fn what_was_written_in_clear_is_read_with_keys() {
        let blob = snapshot(b"payload");
        assert_eq!(unpack(&seven(), Form::Snapshot, &blob, &SNAPSHOT).unwrap(), blob);
    }

    #[test]
    fn keys_that_refuse_what_is_in_clear_refuse_it() {
        let strict = codec(Keys::new(7, [7; 32]).refuse_clear());
        assert_eq!(
            unpack(&strict, Form::Snapshot, &snapshot(b"payload"), &SNAPSHOT),
            Err(PayloadError::InClear)
        );
        let event = Owner::Event { execution: "a", name: "seal" };
        assert_eq!(strict.unpack_value(value(b"payload"), &event), Err(PayloadError::InClear));
        let blob = packed(&strict, b"payload");
        assert_eq!(unpack(&strict, Form::Snapshot, &blob, &SNAPSHOT).unwrap(), snapshot(b"payload"));
        assert!(PayloadError::InClear.is_readable_elsewhere());
    }

    #[test]
    fn a_payload_opens_only_for_what_it_belongs_to() {
        let blob = packed(&seven(), b"payload");
        let Owner::Snapshot { instance, frame, visit, workflow, point } = SNAPSHOT else { panic!() };
        let elsewhere = [
            Owner::Snapshot { instance: [2; 16], frame, visit, workflow, point },
            Owner::Snapshot { instance, frame: 1, visit, workflow, point },
            Owner::Snapshot { instance, frame, visit: 4, workflow, point },
            Owner::Snapshot { instance, frame, visit, workflow: "orderC", point: "harge" },
            Owner::Snapshot { instance, frame, visit, workflow, point: "Ship" },
            Owner::Output { instance, workflow },
            Owner::Text { instance },
        ];
        for owner in elsewhere {
            let opened = unpack(&seven(), Form::Snapshot, &blob, &owner);
            assert_eq!(opened, Err(PayloadError::NotAuthentic { key: KeyId(7) }), "{owner:?}");
        }
        let event = Owner::Event { execution: "a", name: "bc" };
        let blob = seven().pack(Form::Value, &value(b"x"), &event).unwrap().unwrap();
        let other = Owner::Event { execution: "ab", name: "c" };
        let opened = unpack(&seven(), Form::Value, &blob, &other);
        assert_eq!(opened, Err(PayloadError::NotAuthentic { key: KeyId(7) }));
    }

    #[test]
    fn no_bit_can_be_changed_even_with_a_new_checksum() {
        let blob = packed(&seven(), b"payload");
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            stored::sum(Form::Snapshot, &mut flipped);
            if flipped == blob {
                // The bit was one of the checksum's.
                continue;
            }
            // Without the flag it is taken for a payload in clear, which is decoded and found to be none.
            match stored::check(Form::Snapshot, &flipped) {
                Ok(packing) if packing.encrypted => {
                    let opened = seven().unpack(Form::Snapshot, packing, &flipped, &SNAPSHOT);
                    assert!(opened.is_err(), "bit {bit}");
                }
                Ok(_) => assert_eq!(bit, 17),
                Err(_) => assert!(bit < 32),
            }
        }
        for bytes in Form::Snapshot.header_bytes()..blob.len() {
            let mut cut = blob[..bytes].to_vec();
            stored::sum(Form::Snapshot, &mut cut);
            unpack(&seven(), Form::Snapshot, &cut, &SNAPSHOT).unwrap_err();
        }
    }

    #[test]
    fn texts_are_read_among_others_and_by_the_right_key_of_the_right_execution_alone() {
        let secret = "card 4111 was declined";
        let token = seven().encrypt_text(secret.into(), [1; 16]);
        assert!(token.starts_with("encrypted[7:") && !token.contains("4111"), "{token}");
        let among = format!("failed: {token}, and {token}!");
        assert_eq!(seven().decrypt_text(&among, [1; 16]), format!("failed: {secret}, and {secret}!"));
        let told = Codec::default().decrypt_text(&among, [1; 16]);
        assert!(
            told.starts_with("failed: (a text that cannot be read: it is encrypted with key 7"),
            "{told}"
        );
        let moved = seven().decrypt_text(&token, [2; 16]);
        assert!(moved.contains("not what was encrypted for this place"), "{moved}");
        assert_eq!(Codec::default().encrypt_text(secret.into(), [1; 16]), secret);
        assert_eq!(seven().loggable(secret), "(not logged: this worker encrypts)");
        assert_eq!(Codec::default().loggable(secret), secret);
    }

    #[test]
    fn texts_that_only_look_encrypted_stay_as_they_are() {
        let begun = "encrypted[".repeat(100_000);
        for text in [
            "",
            "encrypted[",
            "encrypted[]",
            "encrypted[7:zz]",
            "encrypted[7:0]",
            "encrypted[8:07000000]",
            &begun,
        ] {
            assert_eq!(seven().decrypt_text(text, [1; 16]), *text);
        }
    }

    #[test]
    fn keys_show_only_their_numbers() {
        let keys = Keys::new(8, [8; 32]).older(7, [7; 32]).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys[KeyId(8), KeyId(7)]");
    }
}
