//! Valid bytes, changed as the input says: what is read back is damaged in ways that bytes from nothing hardly reach.

/// The sample after its edits, four bytes each: what to do, where (two bytes), and with what.
pub fn edited(sample: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for edit in edits.chunks_exact(4) {
        let &[kind, low, high, with] = edit else { continue };
        if bytes.is_empty() {
            break;
        }
        let at = usize::from(u16::from_le_bytes([low, high])) % bytes.len();
        let span = at..bytes.len().min(at + 1 + usize::from(with % 32));
        match kind % 8 {
            0 => bytes[at] ^= 1 << (with % 8),
            1 => bytes[at] = with,
            2 => bytes.insert(at, with),
            3 => drop(bytes.drain(span)),
            4 => bytes.truncate(at),
            5 => {
                let copy = bytes[span].to_vec();
                bytes.splice(at..at, copy);
            }
            // Counts and lengths.
            6 => drop(bytes.splice(at..=at, [0xff, 0xff, 0xff, with, 0x0f])),
            _ => {
                let other = usize::from(with).wrapping_mul(31) % bytes.len();
                bytes.swap(at, other);
            }
        }
        // Growth without bound would find nothing but time.
        bytes.truncate(1 << 16);
    }
    bytes
}
