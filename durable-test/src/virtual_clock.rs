//! Virtual time: a store's clock over tokio's own.

use durable_core::{memory::Clock, store::Millis};
use tokio::{runtime::Handle, time::Instant};

/// A clock for a [`MemoryStore`](durable_core::memory::MemoryStore) that follows tokio's. In a test with paused time
/// (`#[tokio::test(start_paused = true)]`) tokio moves it to the next timer as soon as nothing else is to be done, so a
/// sleep of thirty days takes milliseconds, and every timer still fires in its order.
///
/// ```
/// # extern crate durable_core as durable;
/// # use durable_macros::workflow;
/// # use durable_runtime::{Client, Worker};
/// use durable::{memory::{Clock, MemoryStore}, sleep};
/// use durable_test::VirtualClock;
/// use std::{sync::Arc, time::Duration};
///
/// #[workflow]
/// async fn trial(user: String) -> String {
///     sleep(Duration::from_secs(30 * 24 * 3600)).await;
///     format!("the trial of {user} is over")
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
/// # runtime.block_on(async {
/// let clock = Arc::new(VirtualClock::new());
/// let store = MemoryStore::new(clock.clone());
/// let _worker = Worker::builder(&store).register::<trial>().start().await?;
///
/// let before = clock.now();
/// let handle = Client::new(&store).start("trial-42", trial::input("ada".into())).await?;
/// assert_eq!(handle.result().await?, "the trial of ada is over"); // milliseconds later
/// assert!(clock.now() - before >= 30 * 24 * 3600 * 1_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// Create it inside the runtime whose time it shall show.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    runtime: Handle,
    started: Instant,
    start: Millis,
}

impl VirtualClock {
    /// It shows the first moment of the year 2000 now.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn new() -> Self {
        const YEAR_2000: Millis = 946_684_800_000;
        Self::starting_at(YEAR_2000)
    }

    /// It shows this time now, in milliseconds since the Unix epoch.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn starting_at(start: Millis) -> Self {
        Self { runtime: Handle::current(), started: Instant::now(), start }
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Millis {
        // A thread that the runtime does not know would read the real clock.
        let _inside = self.runtime.enter();
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.start.saturating_add(elapsed)
    }
}
