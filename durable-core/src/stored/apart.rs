//! Large fields that stand apart from the snapshots they are fields of: stored once for each execution, by their content, so that one
//! which stays as it is across many await points is not written again at each (S1).
//!
//! The payload of such a snapshot begins with a table: the count (4 bytes), then for each field where it begins in the whole payload (4),
//! how long it is there (4), and its content address (32); numbers are little-endian. What follows is the payload without them.

use super::{APART, FLAGS_AT, Form, StoredError, array, check};
use crate::store::ContentId;

/// Fields of fewer encoded bytes never stand apart.
pub const LARGE_FIELD_BYTES: usize = 4 << 10;

const COUNT_BYTES: usize = 4;
const PART_BYTES: usize = 40;

/// A field that stands apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins in the whole payload.
    pub at: u32,
    /// How long it is there.
    pub length: u32,
    /// What it is.
    pub content: ContentId,
}

/// Length of a table.
pub fn table_bytes(parts: usize) -> usize {
    COUNT_BYTES + parts * PART_BYTES
}

/// Appends the table.
pub fn write_parts(parts: &[Part], into: &mut Vec<u8>) {
    into.extend((parts.len() as u32).to_le_bytes());
    for Part { at, length, content } in parts {
        into.extend(at.to_le_bytes());
        into.extend(length.to_le_bytes());
        into.extend(content.0);
    }
}

/// The table that a payload begins with, and what follows it. No two parts overlap, and none ends beyond the largest offset.
pub fn parts(payload: &[u8]) -> Result<(Vec<Part>, &[u8]), StoredError> {
    let broken = |reason| StoredError::Parts { reason };
    let (count, rest) = payload.split_at_checked(COUNT_BYTES).ok_or_else(|| broken("it has no count"))?;
    let count = u32::from_le_bytes(array(count)) as usize;
    let table = count.checked_mul(PART_BYTES).and_then(|bytes| rest.split_at_checked(bytes));
    let (table, rest) = table.ok_or_else(|| broken("it is longer than the snapshot"))?;
    let mut parts = Vec::with_capacity(count);
    let mut end = 0;
    for entry in table.chunks_exact(PART_BYTES) {
        let number = |at: usize| u32::from_le_bytes(array(&entry[at..at + 4]));
        let part = Part { at: number(0), length: number(4), content: ContentId(array(&entry[8..])) };
        if part.at < end {
            return Err(broken("its fields overlap"));
        }
        end = part.at.checked_add(part.length).ok_or_else(|| broken("a field ends beyond all payloads"))?;
        parts.push(part);
    }
    Ok((parts, rest))
}

/// Whether a stored snapshot seems to have a table: nothing of it is checked.
pub fn may_refer(snapshot: &[u8]) -> bool {
    snapshot.get(FLAGS_AT).is_some_and(|flags| u16::from(*flags) & APART != 0)
}

/// What a stored snapshot refers to: as long as it stands, these must.
pub fn contents(snapshot: &[u8]) -> Result<Vec<ContentId>, StoredError> {
    if !check(Form::Snapshot, snapshot)?.apart {
        return Ok(Vec::new());
    }
    let (parts, _) = parts(&snapshot[Form::Snapshot.header_bytes()..])?;
    Ok(parts.into_iter().map(|part| part.content).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::{Packing, mark, sum};

    fn part(at: u32, length: u32) -> Part {
        Part { at, length, content: ContentId([at as u8; 32]) }
    }

    fn table(parts: &[Part]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_parts(parts, &mut bytes);
        bytes
    }

    #[test]
    fn reads_the_table_it_wrote_and_leaves_the_rest() {
        for written in [vec![], vec![part(3, 5)], vec![part(0, 5), part(5, 9), part(20, 0)]] {
            let bytes = [table(&written), b"rest".to_vec()].concat();
            assert_eq!(parts(&bytes), Ok((written, &b"rest"[..])));
        }
    }

    #[test]
    fn refuses_what_is_truncated_overlaps_or_ends_beyond() {
        let whole = table(&[part(0, 5), part(5, 9)]);
        for length in 0..whole.len() {
            parts(&whole[..length]).unwrap_err();
        }
        let reason = |parts_of: &[Part]| parts(&table(parts_of)).unwrap_err().to_string();
        assert!(reason(&[part(0, 5), part(4, 1)]).contains("overlap"));
        assert!(reason(&[part(7, 1), part(0, 1)]).contains("overlap"));
        assert!(reason(&[part(2, u32::MAX)]).contains("beyond"));
        let mut many = whole;
        many[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(parts(&many).unwrap_err().to_string().contains("longer than the snapshot"));
    }

    #[test]
    fn tells_what_a_snapshot_refers_to_whatever_else_was_done_to_it() {
        for flags in 0..8 {
            let packing =
                Packing { compressed: flags & 1 != 0, encrypted: flags & 2 != 0, apart: flags & 4 != 0 };
            let mut bytes = vec![0; Form::Snapshot.header_bytes()];
            bytes.extend(table(&[part(1, 5)]));
            mark(&mut bytes, packing);
            sum(Form::Snapshot, &mut bytes);
            let expected: &[ContentId] = if packing.apart { &[ContentId([1; 32])] } else { &[] };
            assert_eq!(contents(&bytes).unwrap(), expected);
            bytes[25] ^= 1;
            contents(&bytes).unwrap_err();
        }
    }
}
