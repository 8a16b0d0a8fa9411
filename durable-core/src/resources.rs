//! Resources: what a workflow takes by reference. The worker supplies them; they are never saved.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
};

/// Values by type, at most one of each.
#[derive(Default)]
pub struct Resources {
    by_type: HashMap<TypeId, (&'static str, Box<dyn Any + Send + Sync>)>,
}

impl Resources {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value; one of the same type that was there before is replaced.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.by_type.insert(TypeId::of::<T>(), (type_name::<T>(), Box::new(value)));
    }

    /// The value of this type, for the parameter `parameter` of `workflow`.
    pub fn get<T: Send + Sync + 'static>(
        &self,
        workflow: &'static str,
        parameter: &'static str,
    ) -> Result<&T, MissingResource> {
        let found = self.by_type.get(&TypeId::of::<T>()).and_then(|(_, value)| value.downcast_ref());
        found.ok_or(MissingResource { workflow, parameter, type_name: type_name::<T>() })
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_type.values().map(|(name, _)| name)).finish()
    }
}

/// A workflow takes a resource that the worker was not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "workflow `{workflow}` takes `{parameter}: &{type_name}`, but the worker has no resource of that type: \
     add `.resource(..)` with a value of it before `.start()`"
)]
pub struct MissingResource {
    workflow: &'static str,
    parameter: &'static str,
    type_name: &'static str,
}
