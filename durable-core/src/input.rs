//! The input of a workflow, encoded.

use crate::{SavedFields, Saver, Workflow, store::StoreError};
use std::{fmt, marker::PhantomData};

/// What `place_order::input(..)` gives: the by-value parameters, encoded as the `Start` state.
pub struct Input<W> {
    saver: Saver,
    workflow: PhantomData<fn() -> W>,
}

impl<W: Workflow> Input<W> {
    /// Called by generated code.
    #[doc(hidden)]
    pub fn new(saver: Saver) -> Self {
        Self { saver, workflow: PhantomData }
    }

    /// Room for the stored header, then the payload. An error names the parameter that cannot be encoded.
    pub fn into_bytes(self) -> Result<Vec<u8>, StoreError> {
        Ok(self.into_fields()?.bytes)
    }

    /// The same, with what is large in it.
    pub fn into_fields(self) -> Result<SavedFields, StoreError> {
        self.saver.finish().map_err(|(field, error)| {
            let name = W::POINTS.first().and_then(|start| start.fields.get(field)).copied().unwrap_or("?");
            StoreError::Encode {
                what: format!("parameter `{name}` of workflow `{}`", W::NAME),
                reason: error.to_string(),
            }
        })
    }
}

impl<W: Workflow> fmt::Debug for Input<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input<{}>", W::NAME)
    }
}
