//! The explored graph written out as a schema, types that contain themselves closed with references.

use std::collections::BTreeMap;

use super::arena::{
    Arena, Body, Fields, Kind, Label, NodeId, ROOT, Seen, Shape, SlotId, Variants, path_text,
};
use super::{Schema, TraceError};
use crate::schema::{Name, SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX, VariantSchema};

/// The schema of the root, or what of it stayed unseen.
pub(super) fn schema(arena: &Arena) -> Result<Schema, TraceError> {
    let mut builder = Builder {
        arena,
        recursive: (0..arena.nodes.len()).map(|node| contains_itself(arena, node)).collect(),
        numbers: BTreeMap::new(),
        count: 0,
        depth: 0,
        path: Vec::new(),
    };
    builder.slot(ROOT)
}

/// Whether a reference to this node may be needed. References go to named types: an `Option` or `Vec` on the
/// way back to one is written out again, so that it looks the same everywhere. Only a circle without any
/// named type (`#[serde(transparent)]`) is closed at a nameless one.
fn contains_itself(arena: &Arena, node: NodeId) -> bool {
    let through_named = is_named(arena, node);
    let mut seen = vec![false; arena.nodes.len()];
    let mut open = vec![node];
    while let Some(next) = open.pop() {
        for slot in slots_of(&arena.nodes[next].body) {
            let Shape::Node(child) = arena.slots[slot].shape else { continue };
            if child == node {
                return true;
            }
            let passable = through_named || !is_named(arena, child);
            if passable && !std::mem::replace(&mut seen[child], true) {
                open.push(child);
            }
        }
    }
    false
}

fn is_named(arena: &Arena, node: NodeId) -> bool {
    !matches!(arena.nodes[node].key.kind, Kind::Option | Kind::Seq | Kind::Map | Kind::Tuple)
}

fn slots_of(body: &Body) -> Vec<SlotId> {
    match body {
        Body::Parts(parts) => parts.clone(),
        Body::Struct(fields) => fields.slots.clone(),
        Body::Enum(variants) => variants.list.iter().flat_map(|variant| variant.state.slots()).collect(),
    }
}

struct Builder<'a> {
    arena: &'a Arena,
    recursive: Vec<bool>,
    /// The number a recursive node was written under.
    numbers: BTreeMap<NodeId, u32>,
    count: usize,
    depth: usize,
    path: Vec<Label>,
}

impl Builder<'_> {
    fn labelled(&mut self, label: Label, slot: SlotId) -> Result<Schema, TraceError> {
        self.path.push(label);
        let schema = self.slot(slot)?;
        self.path.pop();
        Ok(schema)
    }

    fn slot(&mut self, slot: SlotId) -> Result<Schema, TraceError> {
        if self.depth >= SCHEMA_DEPTH_MAX {
            return Err(TraceError::TooDeep { path: self.path_text(), max: SCHEMA_DEPTH_MAX });
        }
        if self.count >= SCHEMA_NODES_MAX {
            return Err(TraceError::TooLarge { path: self.path_text(), max: SCHEMA_NODES_MAX });
        }
        let number = self.count as u32;
        self.count += 1;
        match &self.arena.slots[slot].shape {
            Shape::Scalar(scalar) => Ok(scalar.clone()),
            Shape::Unknown => Err(self.unseen()),
            Shape::Node(node) => {
                if let Some(number) = self.numbers.get(node) {
                    return Ok(Schema::Ref(*number));
                }
                if self.recursive[*node] {
                    self.numbers.insert(*node, number);
                }
                self.depth += 1;
                let schema = self.node(*node)?;
                self.depth -= 1;
                Ok(schema)
            }
        }
    }

    fn node(&mut self, node: NodeId) -> Result<Schema, TraceError> {
        let arena = self.arena;
        let key = arena.nodes[node].key;
        let name: Name = key.name.into();
        let parts = match &arena.nodes[node].body {
            Body::Struct(fields) => return Ok(Schema::Struct { name, fields: self.fields(fields)? }),
            Body::Enum(variants) => {
                return Ok(Schema::Enum { name, variants: self.variants(key.parts, variants)? });
            }
            Body::Parts(parts) => parts,
        };
        Ok(match key.kind {
            Kind::Option => Schema::Option(Box::new(self.slot(parts[0])?)),
            Kind::Seq => Schema::Seq(Box::new(self.labelled(Label::Element, parts[0])?)),
            Kind::Map => Schema::Map(
                Box::new(self.labelled(Label::Key, parts[0])?),
                Box::new(self.labelled(Label::Value, parts[1])?),
            ),
            Kind::UnitStruct => Schema::UnitStruct { name },
            Kind::NewtypeStruct => {
                Schema::NewtypeStruct { name, inner: Box::new(self.labelled(Label::Index(0), parts[0])?) }
            }
            Kind::TupleStruct => Schema::TupleStruct { name, fields: self.tuple(parts)? },
            Kind::Tuple | Kind::Struct | Kind::Enum => Schema::Tuple(self.tuple(parts)?),
        })
    }

    fn tuple(&mut self, parts: &[SlotId]) -> Result<Vec<Schema>, TraceError> {
        parts.iter().enumerate().map(|(index, slot)| self.labelled(Label::Index(index), *slot)).collect()
    }

    fn fields(&mut self, fields: &Fields) -> Result<Vec<(Name, Schema)>, TraceError> {
        if !fields.complete {
            return Err(self.unseen());
        }
        if fields.labels.len() != fields.slots.len() {
            return Err(TraceError::Aliases { path: self.path_text() });
        }
        let pairs = fields.labels.iter().zip(&fields.slots);
        pairs.map(|(name, slot)| Ok(((*name).into(), self.labelled(Label::Field(name), *slot)?))).collect()
    }

    fn variants(
        &mut self,
        names: &'static [&'static str],
        variants: &Variants,
    ) -> Result<Vec<(Name, VariantSchema)>, TraceError> {
        let mut out = Vec::new();
        for (index, name) in self.variant_names(names, variants)?.into_iter().enumerate() {
            self.path.push(Label::Variant(name));
            out.push((name.into(), self.payload(&variants.list[index].state)?));
            self.path.pop();
        }
        Ok(out)
    }

    /// The names by number. Without aliases they are in that order.
    fn variant_names(
        &self,
        names: &'static [&'static str],
        variants: &Variants,
    ) -> Result<Vec<&'static str>, TraceError> {
        let present: Vec<_> =
            variants.list.iter().filter(|variant| !matches!(variant.state, Seen::Absent)).collect();
        if present.len() == names.len() {
            return Ok(names.to_vec());
        }
        let unresolved = || TraceError::Aliases { path: self.path_text() };
        let mut found = Vec::new();
        for variant in present {
            let position = variants.probes.iter().position(|probe| *probe == variant.discriminant);
            let name = position.map(|position| names[position]).ok_or_else(unresolved)?;
            if found.contains(&name) {
                return Err(unresolved());
            }
            found.push(name);
        }
        Ok(found)
    }

    fn payload(&mut self, seen: &Seen) -> Result<VariantSchema, TraceError> {
        Ok(match seen {
            Seen::Not | Seen::Absent => return Err(self.unseen()),
            Seen::Unreadable => VariantSchema::Unreadable,
            Seen::Unit => VariantSchema::Unit,
            Seen::Newtype(slot) => VariantSchema::Newtype(Box::new(self.labelled(Label::Index(0), *slot)?)),
            Seen::Tuple(slots) => VariantSchema::Tuple(self.tuple(slots)?),
            Seen::Struct(fields) => VariantSchema::Struct(self.fields(fields)?),
        })
    }

    /// Why this part is unseen: the walk never came so deep, or something before it refused every sample.
    fn unseen(&self) -> TraceError {
        if let (Some(path), None) = (&self.arena.deepest, &self.arena.last_refusal) {
            return TraceError::TooDeep { path: path.clone(), max: SCHEMA_DEPTH_MAX };
        }
        if let Some(path) = &self.arena.longest {
            return TraceError::TooLarge { path: path.clone(), max: SCHEMA_NODES_MAX };
        }
        let refused = self.arena.slots.iter().find_map(|slot| slot.refused.clone());
        let reason = refused.or_else(|| self.arena.last_refusal.clone());
        let reason = reason.unwrap_or_else(|| "no value of the type could be made".to_owned());
        TraceError::Refused { path: self.path_text(), reason }
    }

    fn path_text(&self) -> String {
        path_text(self.arena.root_name(), &self.path)
    }
}
