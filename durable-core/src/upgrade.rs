//! From what another version of a workflow saved to what this one reads.
//!
//! As Avro does it: the writer's schema, which is recorded, says what the bytes mean, and serde builds today's types from that. Nothing
//! is guessed: a local that was not saved is missing, whatever its type, and an await point that does something else now is not gone
//! on from.

use crate::{
    Description,
    migration::KnownMigration,
    saved_type::Unbuilt,
    schema::{Allowance, Change, DecodeError, Fingerprint, PointSchema, Schema, Value, changes, dry_run},
    stored::STORED_HEADER_BYTES,
};
use std::{fmt, sync::Arc};

/// How this version of a workflow reads what another one saved at an await point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// It saves the very same.
    Same,
    /// Serde builds today's values from the saved ones.
    Converted {
        /// Fields that were not saved under their names: they get their defaults, or are found under an alias.
        added: Vec<String>,
        /// What was saved and is not needed any more.
        dropped: Vec<String>,
        /// What is of another kind now: a map that was a struct, a variant under another name. It is read; whether as a whole, shapes do
        /// not say.
        recast: Vec<String>,
    },
    /// A migration of the user's makes a state of it.
    Migrated,
}

/// Why this version of a workflow cannot go on from what another one saved at an await point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// There is no such await point.
    #[error("workflow `{workflow}` has no await point `{point}` any more")]
    Gone {
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
    },
    /// Another operation has taken the name.
    #[error(
        "await point `{point}` of workflow `{workflow}` awaits `{is}` now, and awaited `{was}` when it was saved"
    )]
    OtherOperation {
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
        /// What was called.
        was: String,
        /// What is called.
        is: String,
    },
    /// A local is needed that was not saved.
    #[error(
        "`{field}` is needed at await point `{point}` of workflow `{workflow}` now, and was not saved there"
    )]
    NotSaved {
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
        /// The local.
        field: String,
    },
    /// A local has another type, which serde cannot build from the saved value.
    #[error(
        "`{field}`, saved at await point `{point}` of workflow `{workflow}`, cannot become what it is now: {reason}"
    )]
    OtherType {
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
        /// The local.
        field: String,
        /// Where in the value, and what is wrong there.
        reason: String,
    },
    /// A migration refused the value.
    #[error("the migration from await point `{point}` of workflow `{workflow}` gives no state: {reason}")]
    Migration {
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
        /// What it said.
        reason: String,
    },
    /// The bytes are not what their schema says.
    #[error("what was saved at await point `{point}` of workflow `{workflow}` is damaged: {error}")]
    Damaged {
        /// The workflow.
        workflow: String,
        /// The await point.
        point: String,
        /// What is wrong.
        error: DecodeError,
    },
}

impl Description {
    /// Whether this version can go on from whatever the writer saved at an await point: tried with values made up from its schema.
    ///
    /// # Errors
    ///
    /// If some value could not be gone on from.
    pub fn reads(&self, writer: &PointSchema) -> Result<Reads, Unreadable> {
        if self.same(writer).is_some() {
            return Ok(Reads::Same);
        }
        if self.migrations.iter().any(|migration| migration.takes_exactly(writer)) {
            return Ok(Reads::Migrated);
        }
        let converted = self.converts(writer);
        if converted.is_err() && self.migrations.iter().any(|migration| migration.takes_anything(writer)) {
            return Ok(Reads::Migrated);
        }
        converted
    }

    fn converts(&self, writer: &PointSchema) -> Result<Reads, Unreadable> {
        let point = self.counterpart(writer)?;
        let mut found = Vec::new();
        for (at, (name, is)) in self.points[point].fields.iter().enumerate() {
            let was = self.saved(writer, name)?;
            if was == is {
                continue;
            }
            let changes = changes(name, was, is);
            let narrowed = changes.iter().find_map(|change| match change {
                Change::Narrowed { place, was, is } => {
                    Some(format!("`{place}` was {was} and is {is}, so that some numbers do not fit"))
                }
                _ => None,
            });
            if let Some(reason) = narrowed {
                return Err(self.other_type(writer, name, reason));
            }
            let mut saving = None;
            let mut build = |value: Value| match self.types[point][at].rebuild(value, &mut Vec::new()) {
                Ok(()) => Ok(()),
                Err(Unbuilt::Rebuild(error)) => Err(error),
                Err(Unbuilt::Save(error)) => {
                    saving.get_or_insert(error);
                    Ok(())
                }
            };
            let tried = dry_run(was, &mut build).map_err(|error| error.to_string());
            let tried = tried.and_then(|()| saving.map_or(Ok(()), |error| Err(error.to_string())));
            tried.map_err(|reason| self.other_type(writer, name, reason))?;
            found.extend(changes);
        }
        let is_local = |name: &String| self.points[point].fields.iter().any(|(field, _)| field == name);
        let locals = writer.fields.iter().filter(|(name, _)| !is_local(name));
        found.extend(locals.map(|(name, _)| Change::Dropped(name.clone())));
        let (mut added, mut dropped, mut recast) = (Vec::new(), Vec::new(), Vec::new());
        for change in found {
            match change {
                Change::Added(place) => added.push(place),
                Change::Dropped(place) => dropped.push(place),
                Change::Recast(place) => recast.push(place),
                Change::Narrowed { .. } => {}
            }
        }
        Ok(Reads::Converted { added, dropped, recast })
    }

    /// What would be lost if this version went on from what a *newer* one saved at an await point: the paths of all that it would not
    /// save again, each from the await point (`Ship.order.gift`). What a migration takes, or an await point that has another name here, is listed as a
    /// whole (`Ship`): both were made for what came before, and what they leave out nobody can see.
    ///
    /// A part that is read under an alias is listed, too.
    ///
    /// # Errors
    ///
    /// If some value could not be gone on from.
    pub fn losses(&self, writer: &PointSchema) -> Result<Vec<String>, Unreadable> {
        let reads = self.reads(writer)?;
        let is_known = self.point(&writer.name).is_some();
        Ok(match reads {
            Reads::Converted { dropped, recast, .. } if is_known => {
                dropped.iter().chain(&recast).map(|place| format!("{}.{place}", writer.name)).collect()
            }
            Reads::Same if is_known => Vec::new(),
            _ => vec![writer.name.clone()],
        })
    }

    /// The number of an await point, and what was saved there as this version saves it.
    ///
    /// # Errors
    ///
    /// If this version cannot go on from that value.
    pub fn upgrade(&self, writer: &PointSchema, payload: &[u8]) -> Result<(usize, Vec<u8>), Unreadable> {
        let (point, upgraded) = self.upgraded(writer, payload)?;
        self.check_bounds(point, &upgraded).map_err(|(_, error)| self.damaged(writer, error))?;
        Ok((point, upgraded))
    }

    fn upgraded(&self, writer: &PointSchema, payload: &[u8]) -> Result<(usize, Vec<u8>), Unreadable> {
        if let Some(point) = self.same(writer) {
            return Ok((point, payload.to_vec()));
        }
        if let Some(migration) = self.migrations.iter().find(|migration| migration.takes_exactly(writer)) {
            return self.migrated(migration, writer, payload);
        }
        let converted = self.converted(writer, payload);
        let anything = self.migrations.iter().find(|migration| migration.takes_anything(writer));
        match (converted, anything) {
            (Err(_), Some(migration)) => self.migrated(migration, writer, payload),
            (converted, _) => converted,
        }
    }

    /// The await point that saves just what the writer saved.
    fn same(&self, writer: &PointSchema) -> Option<usize> {
        self.point_once_called(&writer.name).filter(|index| {
            let point = &self.points[*index];
            point.operation == writer.operation && point.fields == writer.fields
        })
    }

    fn migrated(
        &self,
        migration: &KnownMigration,
        writer: &PointSchema,
        payload: &[u8],
    ) -> Result<(usize, Vec<u8>), Unreadable> {
        let value = writer.decode(payload).map_err(|error| self.damaged(writer, error))?;
        migration.apply(self, value).map_err(|reason| Unreadable::Migration {
            workflow: self.name.to_owned(),
            point: writer.name.clone(),
            reason,
        })
    }

    fn converted(&self, writer: &PointSchema, payload: &[u8]) -> Result<(usize, Vec<u8>), Unreadable> {
        let point = self.counterpart(writer)?;
        let saved = self.values(writer, payload)?;
        let mut upgraded = Vec::with_capacity(payload.len());
        for ((name, is), ty) in self.points[point].fields.iter().zip(&self.types[point]) {
            let was = self.saved(writer, name)?;
            let Some((_, bytes)) = saved.iter().find(|(saved, _)| *saved == name) else { continue };
            if was == is {
                upgraded.extend_from_slice(bytes);
                continue;
            }
            let (value, _) = was.decode(bytes).map_err(|error| self.damaged(writer, error))?;
            ty.rebuild(value, &mut upgraded)
                .map_err(|error| self.other_type(writer, name, error.to_string()))?;
        }
        Ok((point, upgraded))
    }

    /// The await point that has taken the writer's place.
    fn counterpart(&self, writer: &PointSchema) -> Result<usize, Unreadable> {
        let (workflow, point) = (self.name.to_owned(), writer.name.clone());
        let Some(index) = self.point_once_called(&point) else {
            return Err(Unreadable::Gone { workflow, point });
        };
        let (was, is) = (writer.operation.clone(), self.points[index].operation.clone());
        match was == is {
            true => Ok(index),
            false => Err(Unreadable::OtherOperation { workflow, point, was, is }),
        }
    }

    fn saved<'s>(&self, writer: &'s PointSchema, field: &str) -> Result<&'s Schema, Unreadable> {
        let found = writer.fields.iter().find(|(name, _)| name == field);
        found.map(|(_, schema)| schema).ok_or_else(|| Unreadable::NotSaved {
            workflow: self.name.to_owned(),
            point: writer.name.clone(),
            field: field.to_owned(),
        })
    }

    /// The bytes of each saved local.
    fn values<'a>(
        &self,
        writer: &'a PointSchema,
        payload: &'a [u8],
    ) -> Result<Vec<(&'a str, &'a [u8])>, Unreadable> {
        let (mut rest, mut allowance) = (payload, Allowance::of(payload));
        let mut values = Vec::with_capacity(writer.fields.len());
        for (name, schema) in &writer.fields {
            let at = payload.len() - rest.len();
            let length = schema
                .skip_part(rest, &mut allowance)
                .map_err(|error| self.damaged(writer, error.further(at)))?;
            let (value, after) = rest.split_at(length);
            values.push((name.as_str(), value));
            rest = after;
        }
        match rest.len() {
            0 => Ok(values),
            left => Err(self.damaged(writer, DecodeError::Trailing { at: payload.len() - left, left })),
        }
    }

    fn other_type(&self, writer: &PointSchema, field: &str, reason: String) -> Unreadable {
        Unreadable::OtherType {
            workflow: self.name.to_owned(),
            point: writer.name.clone(),
            field: field.to_owned(),
            reason,
        }
    }

    fn damaged(&self, writer: &PointSchema, error: DecodeError) -> Unreadable {
        Unreadable::Damaged { workflow: self.name.to_owned(), point: writer.name.clone(), error }
    }
}

impl fmt::Display for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("the same"),
            Self::Migrated => f.write_str("migrated"),
            Self::Converted { added, dropped, recast: _ } => {
                let list = |places: &[String]| {
                    places.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", ")
                };
                f.write_str("converted")?;
                if !added.is_empty() {
                    write!(f, "; {} by default or alias", list(added))?;
                }
                if !dropped.is_empty() {
                    write!(f, "; without {}", list(dropped))?;
                }
                Ok(())
            }
        }
    }
}

/// A snapshot as this build would have saved it; `None`: it is.
type Upgraded = Option<Arc<[u8]>>;

/// The number of the await point; and the snapshot as this build would have saved it, if another one did.
pub(crate) fn match_point(
    description: &Description,
    workflow: &str,
    point: &str,
    fingerprint: &Fingerprint,
    writer: Option<&PointSchema>,
    snapshot: &[u8],
) -> Result<(usize, Upgraded), String> {
    if description.name != workflow {
        return Err(format!(
            "the snapshot is of workflow `{workflow}`, but `{}` is called there now: it goes on in a build that calls `{workflow}`",
            description.name
        ));
    }
    let index = description.point_once_called(point);
    let header = STORED_HEADER_BYTES.min(snapshot.len());
    if let Some(index) = index.filter(|index| description.point_fingerprints[*index] == *fingerprint) {
        description.check_bounds(index, &snapshot[header..]).map_err(|(_, error)| {
            let (workflow, point) = (workflow.to_owned(), point.to_owned());
            Unreadable::Damaged { workflow, point, error }.to_string()
        })?;
        return Ok((index, None));
    }
    let Some(writer) = writer else {
        return Err(match index {
            None => format!(
                "workflow `{workflow}` has no await point `{point}` in this build: it goes on in a build that has it"
            ),
            Some(index) => format!(
                "await point `{point}` of workflow `{workflow}` saves other fields or types in this build \
                 (fingerprint {}, the snapshot has {fingerprint}), and the writer's schema is not known: it goes on in the \
                 build that saved it",
                description.point_fingerprints[index]
            ),
        });
    };
    let upgraded = description.upgrade(writer, &snapshot[header..]);
    let (index, payload) =
        upgraded.map_err(|error| format!("{error}: it goes on in a build that can read it"))?;
    Ok((index, Some([&[0; STORED_HEADER_BYTES], &*payload].concat().into())))
}
