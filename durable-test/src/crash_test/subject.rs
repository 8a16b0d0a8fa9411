//! The workflow under test without its type: what stands behind this trait is compiled for each workflow, and the rest of the
//! crash test once for all of one output.

use super::{execution_id, place};
use crate::Error;
use durable_core::{Arrived, Description, Moved, Resources, Run, RunError, Workflow, describe};
use serde::de::DeserializeOwned;
use std::{marker::PhantomData, pin::Pin};

/// A future of any type.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A workflow that returns `T`.
pub(super) trait Subject<T>: Sync {
    fn name(&self) -> &'static str;

    /// Its await points, if its saved types can be described.
    fn description(&self) -> Option<&'static Description>;

    /// Goes on from a blob; `failed` says when it could not.
    fn resume<'r>(
        &self,
        resources: &'r Resources,
        blob: &[u8],
        arrived: Arrived,
        failed: &dyn Fn(RunError) -> Error,
    ) -> Result<Box<dyn Running<T> + 'r>, Error>;

    /// The plain copy, which is the user's own function, with the input that a start blob holds.
    fn plain<'r>(&self, resources: &'r Resources, start: &[u8]) -> Result<Boxed<'r, T>, Error>;
}

/// A run of it.
pub(super) trait Running<T>: Send {
    fn next(&mut self) -> Boxed<'_, Result<Moved<T>, RunError>>;
}

impl<W: Workflow> Running<W::Output> for Run<'_, W> {
    fn next(&mut self) -> Boxed<'_, Result<Moved<W::Output>, RunError>> {
        Box::pin(Run::next(self))
    }
}

/// A workflow by its type.
pub(super) struct Of<W>(pub(super) PhantomData<fn() -> W>);

impl<W: Workflow<Input: DeserializeOwned>> Subject<W::Output> for Of<W> {
    fn name(&self) -> &'static str {
        W::NAME
    }

    fn description(&self) -> Option<&'static Description> {
        describe::<W>().ok()
    }

    fn resume<'r>(
        &self,
        resources: &'r Resources,
        blob: &[u8],
        arrived: Arrived,
        failed: &dyn Fn(RunError) -> Error,
    ) -> Result<Box<dyn Running<W::Output> + 'r>, Error> {
        let resources = W::resources(resources).map_err(Error::Resources)?;
        let run = Run::<'r, W>::resume(execution_id(), resources, blob, arrived).map_err(failed)?;
        Ok(Box::new(run))
    }

    fn plain<'r>(&self, resources: &'r Resources, start: &[u8]) -> Result<Boxed<'r, W::Output>, Error> {
        let resources = W::resources(resources).map_err(Error::Resources)?;
        Ok(W::plain(resources, place::input::<W>(start)?))
    }
}
