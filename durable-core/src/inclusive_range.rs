//! `RangeInclusive` in a saved value: `#[serde(with = "durable::inclusive_range")]`.
//!
//! What serde writes of `9..=9` and of a range that was iterated to its end is the same: after a resume the latter would give its
//! last item again. So a type with such a field is refused, unless the field is written by this module, which adds whether the
//! range is used up.
//!
//! ```
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Opened {
//!     #[serde(with = "durable_core::inclusive_range")]
//!     hours: std::ops::RangeInclusive<u8>,
//! }
//! ```

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::RangeInclusive;

/// The saved form.
#[derive(Serialize, Deserialize)]
struct InclusiveRange<T> {
    start: T,
    end: T,
    used_up: bool,
}

/// Writes a range with all that it knows.
///
/// # Errors
///
/// Those of the format.
pub fn serialize<T, S>(range: &RangeInclusive<T>, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Serialize + PartialOrd,
    S: Serializer,
{
    let (start, end) = (range.start(), range.end());
    let used_up = range.is_empty() && start <= end;
    InclusiveRange { start, end, used_up }.serialize(serializer)
}

/// Reads it back.
///
/// # Errors
///
/// Those of the format.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<RangeInclusive<T>, D::Error>
where
    T: Deserialize<'de>,
    RangeInclusive<T>: Iterator<Item = T>,
    D: Deserializer<'de>,
{
    let InclusiveRange { start, end, used_up } = InclusiveRange::deserialize(deserializer)?;
    let mut range = start..=end;
    if used_up {
        // Both bounds are its last item.
        range.next();
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Holder {
        #[serde(with = "crate::inclusive_range")]
        range: RangeInclusive<u8>,
    }

    fn through_bytes(range: RangeInclusive<u8>) -> RangeInclusive<u8> {
        let bytes = postcard::to_stdvec(&Holder { range }).unwrap();
        postcard::from_bytes::<Holder>(&bytes).unwrap().range
    }

    #[test]
    fn a_range_is_the_same_at_every_position_from_both_ends() {
        #[allow(clippy::reversed_empty_ranges)]
        let ranges = [0..=3, 255..=255, 2..=1, 0..=0];
        for range in ranges {
            for backwards in [false, true] {
                let mut range = range.clone();
                loop {
                    let loaded = through_bytes(range.clone());
                    assert_eq!(loaded, range);
                    assert_eq!(loaded.clone().collect::<Vec<_>>(), range.clone().collect::<Vec<_>>());
                    if if backwards { range.next_back() } else { range.next() }.is_none() {
                        break;
                    }
                }
            }
        }
    }
}
