//! Large fields of snapshots: taken out when a snapshot is packed and put back when it is unpacked, each packed on its own under the
//! address of its content (S1).

use super::{Codec, Keys, Owner, PayloadError};
use durable_core::{
    store::{ContentId, LargeField, Row, Store, StoreError},
    stored::{self, Form, Packing, Part, StoredError},
};
use std::{borrow::Cow, collections::HashMap, ops::Range, sync::Arc};

/// Fields of more than this many bytes stand apart: fewer are sooner written again than looked up.
pub(super) const APART_ABOVE: usize = 64 << 10;

/// A snapshot as it is to be stored.
#[derive(Debug)]
pub(crate) struct Packed {
    /// `None`: just as it is.
    pub(crate) blob: Option<Vec<u8>>,
    /// What it refers to.
    pub(crate) refers: Vec<ContentId>,
    /// That of it which the store does not have.
    pub(crate) new: Vec<LargeField>,
}

/// Large fields as they were read from the store.
#[derive(Debug, Default)]
pub(crate) struct LargeFields(HashMap<ContentId, Option<Arc<[u8]>>>);

impl LargeFields {
    /// What these snapshots of an execution refer to. One that cannot be read refers to nothing: whoever unpacks it finds that out.
    pub(crate) async fn read<'s>(
        store: &dyn Store,
        row: Row,
        snapshots: impl Iterator<Item = &'s [u8]>,
    ) -> Result<Self, StoreError> {
        let mut contents: Vec<ContentId> = snapshots.flat_map(Self::of).collect();
        if contents.is_empty() {
            return Ok(Self::default());
        }
        contents.sort_unstable();
        contents.dedup();
        let found = store.large_fields(row, contents.clone()).await?;
        Ok(Self(contents.into_iter().zip(found).collect()))
    }

    /// What a snapshot refers to.
    pub(crate) fn of(snapshot: &[u8]) -> Vec<ContentId> {
        match stored::may_refer(snapshot) {
            true => stored::contents(snapshot).unwrap_or_default(),
            false => Vec::new(),
        }
    }

    /// Whether all of them were there.
    pub(crate) fn are_all_there(&self) -> bool {
        self.0.values().all(Option::is_some)
    }

    fn get(&self, content: ContentId) -> Result<&[u8], PayloadError> {
        let found = self.0.get(&content).and_then(Option::as_deref);
        found.ok_or(PayloadError::MissingField { content })
    }
}

impl Codec {
    /// A snapshot as it is to be stored, without those of its `large` fields that stand apart. `is_stored`: the execution has it
    /// in its store.
    pub(crate) fn pack_snapshot(
        &self,
        blob: &[u8],
        large: &[Range<usize>],
        instance: [u8; 16],
        owner: &Owner<'_>,
        is_stored: impl Fn(ContentId) -> bool,
    ) -> Result<Packed, PayloadError> {
        let is_apart = |field: &&Range<usize>| self.apart_above.is_some_and(|above| field.len() > above);
        // Offsets in the table have 32 bits.
        if u32::try_from(blob.len()).is_err() || !large.iter().any(|field| is_apart(&field)) {
            let blob = self.pack(Form::Snapshot, blob, owner)?;
            return Ok(Packed { blob, refers: Vec::new(), new: Vec::new() });
        }
        let header_bytes = Form::Snapshot.header_bytes();
        let key = self.content_key(instance);
        let (mut parts, mut new) = (Vec::new(), Vec::<LargeField>::new());
        let (mut rest, mut end) = (Vec::new(), header_bytes);
        for field in large.iter().filter(is_apart) {
            let value = &blob[field.clone()];
            let content = ContentId(*blake3::keyed_hash(&key, value).as_bytes());
            if !is_stored(content) && new.iter().all(|field| field.content != content) {
                new.push(LargeField { content, bytes: self.pack_field(value, instance, content)? });
            }
            let at = field.start - header_bytes;
            parts.push(Part { at: at as u32, length: field.len() as u32, content });
            rest.extend_from_slice(&blob[end..field.start]);
            end = field.end;
        }
        rest.extend_from_slice(&blob[end..]);
        let refers = parts.iter().map(|part| part.content).collect();
        let blob = self.packed(Form::Snapshot, &blob[..header_bytes], Some(&parts), &rest, owner)?;
        Ok(Packed { blob, refers, new })
    }

    fn pack_field(
        &self,
        value: &[u8],
        instance: [u8; 16],
        content: ContentId,
    ) -> Result<Arc<[u8]>, PayloadError> {
        let form = Form::LargeField;
        let header = [0; Form::LargeField.header_bytes()];
        let owner = Owner::LargeField { instance, content };
        if let Some(packed) = self.packed(form, &header, None, value, &owner)? {
            return Ok(packed.into());
        }
        let mut bytes = [&header, value].concat();
        stored::mark(&mut bytes, Packing::default());
        stored::sum(form, &mut bytes);
        Ok(bytes.into())
    }

    /// A snapshot that was checked, as it was before it was packed.
    pub(crate) fn unpack_snapshot<'b>(
        &self,
        packing: Packing,
        blob: &'b [u8],
        instance: [u8; 16],
        owner: &Owner<'_>,
        fields: &LargeFields,
    ) -> Result<Cow<'b, [u8]>, PayloadError> {
        if !packing.apart {
            return self.unpack(Form::Snapshot, packing, blob, owner);
        }
        let (header, payload) = blob.split_at(Form::Snapshot.header_bytes());
        let (parts, rest) = stored::parts(payload).map_err(PayloadError::Parts)?;
        let front = blob.len() - rest.len();
        let rest = self.unpacked(Form::Snapshot, packing, blob, front, owner)?;
        let mut rest = &*rest;

        let apart: u64 = parts.iter().map(|part| u64::from(part.length)).sum();
        let bytes = apart + rest.len() as u64;
        if bytes > self.bytes_max {
            return Err(PayloadError::TooLarge { bytes, max: self.bytes_max });
        }
        let mut plain = Vec::with_capacity(header.len() + bytes as usize);
        plain.extend_from_slice(header);
        for part in parts {
            let before = part.at as usize + header.len() - plain.len();
            let (value, after) =
                rest.split_at_checked(before).ok_or(PayloadError::Parts(StoredError::Parts {
                    reason: "a field begins beyond the payload",
                }))?;
            plain.extend_from_slice(value);
            rest = after;
            self.unpack_field(part, fields.get(part.content)?, instance, &mut plain)?;
        }
        plain.extend_from_slice(rest);
        stored::mark(&mut plain, Packing::default());
        stored::sum(Form::Snapshot, &mut plain);
        Ok(Cow::Owned(plain))
    }

    /// Appends a field, if it is the one that was meant.
    fn unpack_field(
        &self,
        Part { length, content, .. }: Part,
        stored: &[u8],
        instance: [u8; 16],
        into: &mut Vec<u8>,
    ) -> Result<(), PayloadError> {
        let form = Form::LargeField;
        let packing = stored::check(form, stored)
            .map_err(|error| PayloadError::DamagedField { content, reason: error.to_string() })?;
        let owner = Owner::LargeField { instance, content };
        let value = self.unpacked(form, packing, stored, form.header_bytes(), &owner)?;
        // An encrypted one proves by itself to be what belongs here.
        let is_the_one =
            packing.encrypted || blake3::keyed_hash(&clear_key(instance), &value).as_bytes() == &content.0;
        if !is_the_one || value.len() != length as usize {
            let reason = "it is another one".to_owned();
            return Err(PayloadError::DamagedField { content, reason });
        }
        into.extend_from_slice(&value);
        Ok(())
    }

    /// What contents are hashed with. It differs for each execution, so that two of them never tell that they have the same field;
    /// and for each key, so that after a rotation a field is encrypted anew when it is saved next.
    fn content_key(&self, instance: [u8; 16]) -> [u8; 32] {
        match &self.keys {
            Some(keys) => Keys::content_key(keys, instance),
            None => clear_key(instance),
        }
    }
}

fn clear_key(instance: [u8; 16]) -> [u8; 32] {
    blake3::derive_key("durable 1: large fields in clear", &instance)
}
