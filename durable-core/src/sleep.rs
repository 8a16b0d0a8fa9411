//! `sleep`: a timer that costs a row.

use crate::{Awaitable, BoxFuture, Context, Wait, awaitable::Plain, plain_run};
use std::time::Duration;

/// Waits this long. The execution gives up its memory and costs a row until the timer is due; a crash, a deploy or a
/// restart in between changes nothing, and the deadline set first stands. The resolution is one millisecond of the store's
/// clock; there is no upper limit.
#[must_use = "a sleep does nothing unless awaited"]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep(duration)
}

/// What [`sleep`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sleep(Duration);

impl Awaitable for Sleep {
    type Output = ();

    fn wait(&self) -> Wait {
        Wait::Timer(self.0)
    }

    async fn run<'a>(self, cx: &'a Context)
    where
        Self: 'a,
    {
        if !cx.fired() {
            match cx.park().await {}
        }
    }
}

impl Plain for Sleep {
    type Output = ();

    async fn plain(self) {
        plain_run::sleep(self.0).await
    }
}

/// Outside a workflow, a sleep is that of the plain run: with the test kit it takes virtual time, else it ends at once.
impl IntoFuture for Sleep {
    type Output = ();
    type IntoFuture = BoxFuture<'static, ()>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.plain())
    }
}
