//! What other builds of child workflows have saved. A child that runs inline stands in its parent's queue, and not in one of its own, so a
//! claim does not tell; and which children a workflow has shows only when it runs.

use crate::{
    losses::Losses,
    schemas::Schemas,
    versions::{Left, is_readable},
};
use durable_core::{
    Description, Fingerprint, PointSchema,
    store::{Claimed, StoreError, Version},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, RwLock, RwLockReadGuard},
};

/// The builds of workflows that were met as children, as far as they have been looked at.
#[derive(Default)]
pub(crate) struct Children {
    builds: RwLock<HashMap<String, Vec<Build>>>,
    losses: Losses,
    /// What other builds saved, and whether this one goes on with it.
    decided: Mutex<HashMap<Place, bool>>,
}

/// The build of this program, and an await point as another one saved it.
type Place = (Fingerprint, String, Fingerprint);

/// What a build of a workflow saves.
struct Build {
    version: u32,
    fingerprint: Fingerprint,
    points: HashMap<(String, Fingerprint), PointSchema>,
}

impl Build {
    fn of(version: Version) -> Self {
        let points =
            version.points.into_iter().map(|(_, point)| ((point.name.clone(), point.fingerprint()), point));
        Self { version: version.version, fingerprint: version.fingerprint, points: points.collect() }
    }

    fn point(&self, point: &str, fingerprint: &Fingerprint) -> Option<&PointSchema> {
        self.points.get(&(point.to_owned(), *fingerprint))
    }
}

impl Children {
    pub(crate) fn new(losses: Losses) -> Self {
        Self { losses, ..Self::default() }
    }

    /// Looks at what is not known yet of the children that a claimed execution has open. It is ready at once if all is.
    pub(crate) async fn look_at(&self, claimed: &Claimed, schemas: &Schemas) -> Result<(), StoreError> {
        for frame in claimed.frames.iter().skip(1) {
            let Some(row) = schemas.row(frame.schema).await? else { continue };
            let is_known = |build: &Build| build.point(&row.point.name, &row.fingerprint).is_some();
            // What was registered since is found with the first frame that it saved.
            if !self.read().get(&row.workflow).is_some_and(|builds| builds.iter().any(is_known)) {
                let builds = schemas.versions(&row.workflow).await?.into_iter().map(Build::of).collect();
                let mut all = self.builds.write().unwrap_or_else(PoisonError::into_inner);
                all.insert(row.workflow.clone(), builds);
            }
        }
        Ok(())
    }

    /// Whether a newer build of this child saved it there, and what would be lost of it is not accepted; or an older one, in a shape that this
    /// one cannot go on from. What no build is known to have saved is not for others.
    pub(crate) fn is_for_others(
        &self,
        child: &'static Description,
        point: &str,
        saved: &Fingerprint,
    ) -> bool {
        let all = self.read();
        let builds = all.get(child.name).map(Vec::as_slice).unwrap_or_default();
        let newer = saved_by_newer(builds, child, point, saved);
        let of_version = |build: &&Build| build.version == child.version;
        let older = || builds.iter().filter(of_version).find_map(|build| build.point(point, saved));
        let Some(writer) = newer.or_else(older) else { return false };
        let place = (child.fingerprint, point.to_owned(), *saved);
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        !*decided.entry(place).or_insert_with(|| {
            let verdict = match newer {
                Some(_) => self.losses.newer(child, child.name.to_owned()).may_go_on(writer),
                None => is_readable(child, writer),
            };
            if let Err(Left { reason, .. }) = &verdict {
                let child = child.name;
                tracing::warn!(
                    child,
                    point,
                    reason,
                    "executions stay inside a child workflow that another build has saved"
                );
            }
            verdict.is_ok()
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Vec<Build>>> {
        // Entries are inserted whole.
        self.builds.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands there, if nobody saved it so before a build that came after this one. The builds are ordered by age; one that was
/// never registered is the newest.
fn saved_by_newer<'b>(
    builds: &'b [Build],
    child: &Description,
    point: &str,
    saved: &Fingerprint,
) -> Option<&'b PointSchema> {
    let mut builds = builds.iter().filter(|build| build.version == child.version);
    let first =
        builds.find(|build| build.fingerprint == child.fingerprint || build.point(point, saved).is_some())?;
    match first.fingerprint == child.fingerprint {
        true => builds.find_map(|build| build.point(point, saved)),
        false => None,
    }
}
