//! The clock of a store: the system's, or a test's.

use durable_core::{memory::Clock, store::Millis};
use std::time::{Duration, SystemTime};

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }
}

/// A deadline as it is stored: rounded up, so that no timer fires early, and never past what a column can hold.
pub(crate) fn deadline(now: Millis, delay: Duration) -> i64 {
    let delay = u64::try_from(delay.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    i64::try_from(now.saturating_add(delay)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_round_up_and_saturate() {
        assert_eq!(deadline(5, Duration::ZERO), 5);
        assert_eq!(deadline(5, Duration::from_nanos(1)), 6);
        assert_eq!(deadline(5, Duration::from_millis(7)), 12);
        assert_eq!(deadline(5, Duration::MAX), i64::MAX);
    }
}
