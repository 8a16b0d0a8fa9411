//! Which build of a program this is, and what other builds have set aside: this one tries again, once.

use crate::{registry::Registered, shared::Shared};
use durable_core::{
    Fingerprint,
    store::{BuildId, Reconsider, StoreError},
};
use std::{env, fs, sync::Arc, time::UNIX_EPOCH};

/// Members of one transaction (G5).
const GROUP: u32 = 500;

/// What tells builds apart where nobody says: what the workflows save, this library's version, and the size and time of the
/// executable. A copy of the executable with another time is taken for another build, which costs one try more.
pub(crate) fn of_this_program(workflows: &[Arc<dyn Registered>]) -> BuildId {
    let described = workflows.iter().filter_map(|workflow| workflow.describe().ok());
    let mut known: Vec<_> = described.map(|it| (it.name, it.fingerprint)).collect();
    known.sort_unstable();
    let mut bytes = env!("CARGO_PKG_VERSION").as_bytes().to_vec();
    for (name, fingerprint) in known {
        bytes.extend(name.bytes().chain([0]).chain(fingerprint.0));
    }
    if let Ok(file) = env::current_exe().and_then(fs::metadata) {
        let since = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        bytes.extend(file.len().to_le_bytes());
        bytes.extend(since.unwrap_or_default().as_nanos().to_le_bytes());
    }
    BuildId::new(Fingerprint::of_bytes(&bytes).to_string())
}

/// Lets this build try what others have set aside, in groups, until there is no more or the worker closes.
pub(crate) async fn reconsider(shared: &Shared) {
    let mut tried = 0;
    loop {
        let request = || Reconsider {
            worker: shared.worker(),
            queues: shared.registry.queues(0),
            unreadable: shared.registry.unreadable(),
            limit: GROUP,
        };
        let asked = shared.until_closing(|| shared.store.reconsider(request())).await;
        let found = match asked {
            Ok(found) => found,
            // The beat joins again.
            Err(StoreError::WorkerLost) if !shared.is_closing() => {
                tokio::select! {
                    () = tokio::time::sleep(shared.options.beat) => continue,
                    () = shared.closing() => 0,
                }
            }
            Err(error) => {
                tracing::warn!(%error, "what other builds have set aside could not be looked at");
                0
            }
        };
        tried += found;
        if found < u64::from(GROUP) || shared.is_closing() {
            break;
        }
    }
    if tried > 0 {
        tracing::info!(executions = tried, build = %shared.options.build, "this build tries what others have set aside");
    }
}
