//! Everything that is logged in this process while somebody listens, on all threads and at all levels.

use std::{
    fmt::{Debug, Write},
    sync::{
        Mutex, Once, OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

static LISTENS: AtomicBool = AtomicBool::new(false);
static LINES: OnceLock<Mutex<String>> = OnceLock::new();

/// Listens from now on.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).expect("no other test sets one"));
    LISTENS.store(true, SeqCst);
    tracing::callsite::rebuild_interest_cache();
}

/// What was logged since.
pub(crate) fn heard() -> String {
    LISTENS.store(false, SeqCst);
    lines().lock().unwrap().clone()
}

fn lines() -> &'static Mutex<String> {
    LINES.get_or_init(Mutex::default)
}

struct Listener;

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        LISTENS.load(SeqCst)
    }

    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        tracing::subscriber::Interest::sometimes()
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut lines = lines().lock().unwrap();
        lines.push_str(span.metadata().name());
        span.record(&mut Line(&mut lines));
        lines.push('\n');
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Line(&mut lines().lock().unwrap()));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut lines = lines().lock().unwrap();
        event.record(&mut Line(&mut lines));
        lines.push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
