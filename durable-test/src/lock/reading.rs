//! Whether today's program reads what was saved, which durable-core decides.

use durable_core::{Description, PointSchema, Reads, Unreadable};

pub(super) enum Reading {
    Yes {
        /// What was not saved under its name.
        added: Vec<String>,
    },
    /// By a migration.
    Migrated,
    /// Nothing takes what was saved under this name.
    Gone,
    OtherOperation {
        was: String,
        is: String,
    },
    /// And why.
    No(String),
}

pub(super) fn reading(description: &Description, saved: &PointSchema) -> Reading {
    match description.reads(saved) {
        Ok(Reads::Same) => Reading::Yes { added: Vec::new() },
        Ok(Reads::Converted { added, .. }) => Reading::Yes { added },
        Ok(Reads::Migrated) => Reading::Migrated,
        Err(Unreadable::Gone { .. }) => Reading::Gone,
        Err(Unreadable::OtherOperation { was, is, .. }) => Reading::OtherOperation { was, is },
        Err(Unreadable::NotSaved { field, .. }) => {
            Reading::No(format!("`{field}` is needed now and was not saved: a local has no default"))
        }
        Err(Unreadable::OtherType { field, reason, .. }) => {
            Reading::No(format!("`{field}` cannot become what it is now: {reason}"))
        }
        Err(other) => Reading::No(other.to_string()),
    }
}
