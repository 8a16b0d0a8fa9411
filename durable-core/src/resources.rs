//! Resources: what a workflow takes by reference. The worker supplies them; they are never saved.

use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::Arc,
};

/// Values by type, at most one of each.
///
/// A workflow that takes `&Shop` is given the `Shop` that is here, or what a `Box<Shop>` or `Arc<Shop>` holds. So one that takes
/// `&dyn Payments` finds a `Box<dyn Payments>`:
///
/// ```
/// # extern crate durable_core as durable;
/// # use durable::Resources;
/// trait Payments: Send + Sync {
///     fn name(&self) -> String;
/// }
/// # struct Stripe;
/// # impl Payments for Stripe {
/// #     fn name(&self) -> String { "stripe".into() }
/// # }
///
/// let mut resources = Resources::new();
/// resources.insert::<Box<dyn Payments>>(Box::new(Stripe));
///
/// let payments: &dyn Payments = resources.get("place_order", "payments")?;
/// assert_eq!(payments.name(), "stripe");
/// # Ok::<(), durable::MissingResource>(())
/// ```
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
        // Boxed once more, so that `get` need not know whether the type it looks for has a size.
        self.by_type.insert(TypeId::of::<T>(), (type_name::<T>(), Box::new(Box::new(value))));
    }

    /// The value of this type, for the parameter `parameter` of `workflow`.
    pub fn get<T: ?Sized + Send + Sync + 'static>(
        &self,
        workflow: &'static str,
        parameter: &'static str,
    ) -> Result<&T, MissingResource> {
        self.find::<T, Box<T>>()
            .map(|value| &**value)
            .or_else(|| self.find::<Box<T>, Box<Box<T>>>().map(|boxed| &***boxed))
            .or_else(|| self.find::<Arc<T>, Box<Arc<T>>>().map(|shared| &***shared))
            .ok_or(MissingResource { workflow, parameter, type_name: type_name::<T>() })
    }

    /// What was inserted as a `T`, in its box.
    fn find<T: ?Sized + 'static, B: 'static>(&self) -> Option<&B> {
        self.by_type.get(&TypeId::of::<T>())?.1.downcast_ref()
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
     add `.resource(..)` with a value of it, or with one in a `Box` or `Arc`, before `.start()`"
)]
pub struct MissingResource {
    workflow: &'static str,
    parameter: &'static str,
    type_name: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_by_its_type_in_a_box_or_shared() {
        let mut resources = Resources::new();
        resources.insert(5_u8);
        resources.insert(Box::new(6_u16));
        resources.insert::<Arc<str>>("seven".into());
        resources.insert::<Box<dyn Fn() -> u32 + Send + Sync>>(Box::new(|| 8));
        assert_eq!(resources.get::<u8>("w", "p"), Ok(&5));
        assert_eq!(resources.get::<u16>("w", "p"), Ok(&6));
        assert_eq!(resources.get::<str>("w", "p"), Ok("seven"));
        assert_eq!(resources.get::<dyn Fn() -> u32 + Send + Sync>("w", "p").map(|call| call()), Ok(8));
        assert!(resources.get::<u64>("w", "p").is_err());
    }

    #[test]
    fn the_value_itself_comes_before_one_in_a_box() {
        let mut resources = Resources::new();
        resources.insert(Box::new(1_u8));
        resources.insert(2_u8);
        assert_eq!(resources.get::<u8>("w", "p"), Ok(&2));
        assert_eq!(resources.get::<Box<u8>>("w", "p"), Ok(&Box::new(1)));
    }
}
