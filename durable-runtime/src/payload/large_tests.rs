//! Large fields: out of snapshots and back into them; damage of every bit and every length, and tables that cannot be.

#![expect(clippy::single_range_in_vec_init, reason = "a list of one field is one")]

use super::{large::Packed, *};
use durable_core::{
    ExecutionId,
    memory::{ManualClock, MemoryStore},
    store::{ContentId, LargeField, Registration, SchemaId, StartRequest, Store},
    stored::StoredError,
};
use std::{ops::Range, sync::Arc};

const INSTANCE: [u8; 16] = [1; 16];
const SNAPSHOT: Owner<'_> =
    Owner::Snapshot { instance: INSTANCE, frame: 0, visit: 3, workflow: "order", point: "Charge" };
const HEADER: usize = Form::Snapshot.header_bytes();

fn snapshot(payload: &[u8]) -> Vec<u8> {
    let mut blob = vec![0; HEADER];
    blob.extend_from_slice(payload);
    stored::stamp(&mut blob, SchemaId(7), 42);
    blob
}

/// All that a build has, each with the setting that fields of more than ten bytes stand apart.
fn codecs() -> Vec<Codec> {
    let mut plain = Codec::default();
    plain.apart_above(Some(10));
    #[cfg(feature = "compression")]
    let codecs = [None, Some(16)].map(|above| {
        let mut codec = plain.clone();
        codec.compress_above(above);
        codec
    });
    #[cfg(not(feature = "compression"))]
    let codecs = [plain];
    #[cfg_attr(not(feature = "encryption"), expect(unused_mut, reason = "only keys make more of them"))]
    let mut codecs = codecs.to_vec();
    #[cfg(feature = "encryption")]
    for at in 0..codecs.len() {
        let mut encrypted = codecs[at].clone();
        // Else a flipped flag makes it one in clear.
        encrypted.encrypt(Keys::new(7, [7; 32]).refuse_clear());
        codecs.push(encrypted);
    }
    codecs
}

/// As whoever reads finds it: a store has it.
fn read(snapshot: &[u8], large: Vec<LargeField>) -> LargeFields {
    let ready = async {
        let store = MemoryStore::new(Arc::new(ManualClock::new(0)));
        let registration = Registration {
            workflow: "order".into(),
            version: 1,
            fingerprint: durable_core::Fingerprint([0; 16]),
            points: Vec::new(),
        };
        let queue = store.register(registration).await.unwrap().queue;
        let id = ExecutionId::new("a").unwrap();
        let request = StartRequest {
            id: id.clone(),
            queue,
            schema: SchemaId(1),
            instance: INSTANCE,
            priority: 0,
            snapshot: Arc::from([]),
            large,
            claim_for: None,
        };
        store.start(request).await.unwrap();
        let row = store.execution(&id).await.unwrap().unwrap().row;
        LargeFields::read(&store, row, [snapshot].into_iter()).await.unwrap()
    };
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(ready)
}

fn pack(codec: &Codec, blob: &[u8], fields: &[Range<usize>], known: &[ContentId]) -> Packed {
    let fields: Vec<_> = fields.iter().map(|field| field.start + HEADER..field.end + HEADER).collect();
    codec.pack_snapshot(blob, &fields, INSTANCE, &SNAPSHOT, |content| known.contains(&content)).unwrap()
}

fn unpack(codec: &Codec, blob: &[u8], large: &LargeFields) -> Result<Vec<u8>, PayloadError> {
    let packing = stored::check(Form::Snapshot, blob).expect("its checksum holds");
    codec.unpack_snapshot(packing, blob, INSTANCE, &SNAPSHOT, large).map(Cow::into_owned)
}

/// A payload whose bytes tell where they stand.
fn payload(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

#[test]
fn fields_anywhere_come_back_where_they_were() {
    let whole = 0..100;
    let cases: [&[Range<usize>]; 7] = [
        &[whole],
        &[0..20],
        &[80..100],
        &[0..20, 20..50],
        &[5..30, 60..90],
        &[0..11, 11..22, 89..100],
        &[0..5, 7..90],
    ];
    for codec in codecs() {
        for fields in cases {
            let blob = snapshot(&payload(100));
            let packed = pack(&codec, &blob, fields, &[]);
            let large: Vec<_> = fields.iter().filter(|field| field.len() > 10).collect();
            assert_eq!((packed.refers.len(), packed.new.len()), (large.len(), large.len()));
            let stored = packed.blob.unwrap();
            assert_eq!(stored::contents(&stored).unwrap(), packed.refers);
            let large = read(&stored, packed.new);
            assert_eq!(unpack(&codec, &stored, &large).unwrap(), blob);
        }
    }
}

#[test]
fn what_is_known_or_twice_there_is_packed_once() {
    for codec in codecs() {
        let twice = [payload(40), payload(40), vec![9; 40]].concat();
        let fields = [0..40, 40..80, 80..120];
        let first = pack(&codec, &snapshot(&twice), &fields, &[]);
        assert_eq!(first.refers[0], first.refers[1]);
        let new: Vec<_> = first.new.iter().map(|field| field.content).collect();
        assert_eq!(new, [first.refers[0], first.refers[2]]);
        let again = pack(&codec, &snapshot(&twice), &fields, &new);
        assert_eq!((again.refers, again.new), (first.refers, vec![]));
    }
}

#[test]
fn a_snapshot_without_large_fields_is_packed_as_ever() {
    for mut codec in codecs() {
        let blob = snapshot(&payload(100));
        assert!(pack(&codec, &blob, &[0..10, 90..100], &[]).refers.is_empty());
        codec.apart_above(None);
        let packed = pack(&codec, &blob, &[0..100], &[]);
        assert!(packed.refers.is_empty());
        let stored = packed.blob.unwrap_or_else(|| blob.clone());
        assert_eq!(unpack(&codec, &stored, &LargeFields::default()).unwrap(), blob);
    }
}

/// With its checksum mended: what else would notice?
fn mended(form: Form, mut blob: Vec<u8>) -> Vec<u8> {
    stored::sum(form, &mut blob);
    blob
}

fn each_damage(blob: &[u8], from: usize) -> impl Iterator<Item = Vec<u8>> {
    let flips = (from * 8..blob.len() * 8).map(|bit| {
        let mut flipped = blob.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    });
    flips.chain((from..blob.len()).map(|length| blob[..length].to_vec()))
}

#[test]
fn every_flipped_bit_and_every_truncation_of_a_large_field_is_refused() {
    for codec in codecs() {
        let packed = pack(&codec, &snapshot(&payload(60)), &[10..50], &[]);
        let (stored, field) = (packed.blob.unwrap(), &packed.new[0]);
        for damaged in each_damage(&field.bytes, 0) {
            let mut all = vec![damaged.clone()];
            if damaged.len() >= Form::LargeField.header_bytes() {
                all.push(mended(Form::LargeField, damaged));
            }
            for bytes in all.into_iter().filter(|bytes| **bytes != *field.bytes) {
                let large = read(&stored, vec![LargeField { bytes: bytes.into(), ..field.clone() }]);
                unpack(&codec, &stored, &large).unwrap_err();
            }
        }
    }
}

#[test]
fn every_damage_of_a_snapshot_is_an_error_or_at_least_no_other_field() {
    for codec in codecs() {
        let blob = snapshot(&payload(60));
        let packed = pack(&codec, &blob, &[10..50], &[]);
        let stored = packed.blob.unwrap();
        let large = read(&stored, packed.new);
        // Flags, then all behind the header.
        let flags = (0..32).map(|bit| {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        });
        for damaged in flags.chain(each_damage(&stored, HEADER)) {
            let damaged = mended(Form::Snapshot, damaged);
            let Ok(packing) = stored::check(Form::Snapshot, &damaged) else { continue };
            let unpacked = codec.unpack_snapshot(packing, &damaged, INSTANCE, &SNAPSHOT, &large);
            if codec.encrypts() {
                unpacked.unwrap_err();
            } else if let Ok(unpacked) = unpacked {
                assert!(unpacked.len() < 200, "bounded");
            }
        }
    }
}

#[test]
fn tables_that_cannot_be_are_refused_before_anything_is_made_of_them() {
    let codec = &codecs()[0];
    let packed = pack(codec, &snapshot(&payload(60)), &[10..50], &[]);
    let large = read(packed.blob.as_ref().unwrap(), packed.new);
    let content = packed.refers[0];
    let with = |parts: &[Part], rest: &[u8]| {
        let mut blob = vec![0; HEADER];
        stored::write_parts(parts, &mut blob);
        blob.extend_from_slice(rest);
        stored::mark(&mut blob, Packing { apart: true, ..Packing::default() });
        unpack(codec, &mended(Form::Snapshot, blob), &large).unwrap_err()
    };
    let part = |at, length| Part { at, length, content };
    // Four gigabytes: only said.
    let error = with(&[part(0, u32::MAX)], b"");
    assert!(matches!(error, PayloadError::TooLarge { .. }), "{error:?}");
    let error = with(&[part(30, 40)], b"short");
    assert!(matches!(error, PayloadError::Parts(StoredError::Parts { .. })), "{error:?}");
    let error = with(&[part(0, 40), part(30, 40)], b"");
    assert!(matches!(error, PayloadError::Parts(StoredError::Parts { .. })), "{error:?}");
    // The field is longer than is said.
    let error = with(&[part(0, 39)], b"");
    assert!(matches!(error, PayloadError::DamagedField { .. }), "{error:?}");
    let unknown = Part { content: ContentId([3; 32]), ..part(0, 40) };
    assert_eq!(with(&[unknown], b""), PayloadError::MissingField { content: unknown.content });
    // A field many times over would be more than its limit.
    let many: Vec<_> = (0..1_000_000).map(|at| part(at * 40, 40)).collect();
    let error = with(&many, b"");
    assert!(matches!(error, PayloadError::TooLarge { .. }), "{error:?}");
}

#[test]
fn addresses_differ_from_execution_to_execution_and_from_key_to_key() {
    let mut contents = Vec::new();
    let mut with = |codec: &Codec, instance| {
        let blob = snapshot(&payload(60));
        let field = HEADER..HEADER + 60;
        let packed = codec.pack_snapshot(&blob, &[field], instance, &SNAPSHOT, |_| false).unwrap();
        contents.extend(packed.refers);
    };
    let codecs = codecs();
    let clear = &codecs[0];
    with(clear, [1; 16]);
    with(clear, [2; 16]);
    #[cfg(feature = "encryption")]
    for key in [7, 8] {
        let mut codec = clear.clone();
        codec.encrypt(Keys::new(7, [key; 32]));
        with(&codec, [1; 16]);
        with(&codec, [2; 16]);
    }
    let all = contents.len();
    contents.sort();
    contents.dedup();
    assert_eq!(contents.len(), all);
}
