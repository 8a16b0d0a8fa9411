//! The values handed to a type while it is traced: plain ones first, then what validating types accept.

/// How many samples a refused part is given before it counts as refusing all.
pub(in crate::schema) const ROUNDS_PER_SLOT: usize = 28;

const NUMBERS: [u8; 12] = [1, 0, 2, 10, 100, 12, 16, 32, 64, 65, 7, 127];

const TEXTS: [&str; 24] = [
    "a",
    "",
    "1",
    "0",
    "00000000-0000-0000-0000-000000000001",
    "127.0.0.1",
    "127.0.0.1:80",
    "::1",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "2000-01-01T00:00:00",
    "2000-01-01T00:00:00+00:00[UTC]",
    "00:00:00",
    "PT1S",
    "UTC",
    "a@example.com",
    "https://example.com/",
    "1.0.0",
    "A",
    "USD",
    "true",
    "/a",
    "00",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
];

const BYTE_COUNTS: [usize; 13] = [1, 0, 16, 32, 4, 8, 12, 20, 24, 28, 48, 64, 6];
const ZEROS: [u8; 64] = [0; 64];
const CHARS: [char; 6] = ['a', 'A', '0', '1', ' ', '\u{e9}'];
const FLOATS: [f32; 5] = [1.0, 0.0, 0.5, -1.0, 100.0];
const COUNTS: [usize; 8] = [0, 1, 2, 3, 4, 8, 16, 32];

pub(in crate::schema) fn number(profile: usize) -> u8 {
    NUMBERS[profile % NUMBERS.len()]
}

pub(in crate::schema) fn text(profile: usize) -> &'static str {
    TEXTS[profile % TEXTS.len()]
}

pub(in crate::schema) fn bytes(profile: usize) -> &'static [u8] {
    &ZEROS[..BYTE_COUNTS[profile % BYTE_COUNTS.len()]]
}

pub(in crate::schema) fn character(profile: usize) -> char {
    CHARS[profile % CHARS.len()]
}

pub(in crate::schema) fn float(profile: usize) -> f32 {
    FLOATS[profile % FLOATS.len()]
}

pub(super) fn count(profile: usize) -> usize {
    COUNTS[profile % COUNTS.len()]
}
