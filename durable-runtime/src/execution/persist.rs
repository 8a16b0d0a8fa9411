//! A driver's dealings with the store: what cannot be written now is kept and repeated, and what never can is told apart.

use super::{Driver, Numbers, Stop};
use crate::restore::{Resumable, Unusable, restore};
use durable_core::{
    Description, Fingerprint, Schema,
    store::{Claimed, Commit, CommitError, Committed, Release, StoreError},
};
use std::sync::Arc;

impl Driver {
    /// Commits; while the store cannot, keeps the commit and repeats it (C4).
    pub(super) async fn commit(&mut self, commit: Commit) -> Result<Committed, Stop> {
        self.commit_made(move |_| commit.clone()).await
    }

    /// Commits what `make` gives. It is made again only to be repeated, so that nothing is copied where all goes well.
    pub(super) async fn commit_made(
        &mut self,
        make: impl Fn(&Self) -> Commit + Send + Sync,
    ) -> Result<Committed, Stop> {
        self.seat.hand_in(make(self));
        match self.seat.answer().await {
            Ok(committed) => {
                self.epoch += 1;
                Ok(committed)
            }
            Err(error) => Box::pin(self.repeat(make, error)).await,
        }
    }

    /// Repeats a commit while the store is in passing trouble, after an answer that was an error.
    #[cold]
    pub(super) async fn repeat(
        &mut self,
        make: impl Fn(&Self) -> Commit + Send + Sync,
        error: CommitError,
    ) -> Result<Committed, Stop> {
        self.unsure |= matches!(error, CommitError::Store(StoreError::Io { outcome_unknown: true, .. }));
        let answer = match error {
            CommitError::Store(error) if error.is_transient() => self.insist(&make, error).await,
            error => Err(error),
        };
        match answer {
            Ok(committed) => {
                self.epoch += 1;
                Ok(committed)
            }
            Err(CommitError::Fenced) => Err(Stop::Fenced),
            Err(CommitError::Store(error)) => Err(stop(error)),
            Err(other) => Err(Stop::SetAside(other.to_string())),
        }
    }

    async fn insist(
        &self,
        make: &(impl Fn(&Self) -> Commit + Sync),
        error: StoreError,
    ) -> Result<Committed, CommitError> {
        let mut trouble = self.shared.trouble.begin(&error);
        loop {
            trouble.pause().await;
            self.seat.hand_in(make(self));
            match self.seat.answer().await {
                Err(CommitError::Store(error)) if error.is_transient() => {}
                answer => return answer,
            }
        }
    }

    pub(super) async fn restore(&self, claimed: &Claimed) -> Result<Resumable, Stop> {
        let mut trouble = None;
        loop {
            let shared = &self.shared;
            let looked = shared.children.look_at(claimed, &shared.schemas).await;
            let restored = match looked {
                Ok(()) => restore(claimed, &*shared.store, &shared.schemas, &shared.options.codec).await,
                Err(error) => Err(Unusable::Store(error)),
            };
            match restored {
                Ok(resumable) => return Ok(resumable),
                Err(Unusable::SetAside(reason)) => return Err(Stop::SetAside(reason)),
                Err(Unusable::Elsewhere(error)) => return Err(Stop::Elsewhere(error)),
                Err(Unusable::Store(error)) if error.is_transient() => {
                    trouble.get_or_insert_with(|| self.shared.trouble.begin(&error)).pause().await;
                }
                Err(Unusable::Store(error)) => return Err(stop(error)),
            }
        }
    }

    /// The schema rows of the workflow that committed last: so the loop of one workflow takes no lock for them.
    pub(super) fn known_numbers(&self, description: &'static Description) -> Option<&Numbers> {
        let (last, numbers) = self.numbers.as_ref()?;
        std::ptr::eq(*last, description).then_some(&**numbers)
    }

    /// The schema rows of any workflow.
    pub(super) async fn numbers(&mut self, description: &'static Description) -> Result<Arc<Numbers>, Stop> {
        let mut trouble = None;
        let numbers = loop {
            match self.shared.schemas.numbers(description).await {
                Ok(numbers) => break numbers,
                Err(error) if error.is_transient() => {
                    trouble.get_or_insert_with(|| self.shared.trouble.begin(&error)).pause().await;
                }
                Err(error) => return Err(stop(error)),
            }
        };
        self.numbers = Some((description, Arc::clone(&numbers)));
        Ok(numbers)
    }

    /// What a value that another version of the program wrote looks like; `None`: nobody knows.
    pub(super) async fn shape(&self, fingerprint: Fingerprint) -> Result<Option<Arc<Schema>>, Stop> {
        let mut trouble = None;
        loop {
            match self.shared.schemas.shapes.read(fingerprint).await {
                Ok(schema) => return Ok(schema),
                Err(error) if error.is_transient() => {
                    trouble.get_or_insert_with(|| self.shared.trouble.begin(&error)).pause().await;
                }
                Err(error) => return Err(stop(error)),
            }
        }
    }

    pub(super) fn check_size(&self, what: impl FnOnce() -> String, bytes: usize) -> Result<(), Stop> {
        self.shared.options.codec.check_size(what, bytes).map_err(stop)
    }

    pub(super) async fn release(&self) {
        let release = Release { row: self.row, fence: self.fence };
        let mut trouble = None;
        while let Err(error) = self.shared.store.release(vec![release.clone()]).await {
            if !error.is_transient() {
                return tracing::error!(id = %self.id, %error, "an execution could not be released");
            }
            trouble.get_or_insert_with(|| self.shared.trouble.begin(&error)).pause().await;
        }
    }
}

/// A store error that repeating does not cure.
fn stop(error: StoreError) -> Stop {
    match error {
        StoreError::Closed { .. } | StoreError::WorkerLost => Stop::StoreGone(error),
        error => Stop::SetAside(error.to_string()),
    }
}
