//! A part of a schema as a schema of its own: references count from it, and lead nowhere outside of it.

use super::{Name, Schema, VariantSchema};
use std::collections::HashMap;

impl Schema {
    /// The fields of a struct, each as the schema that its type has alone; `None` if this is no struct.
    pub(crate) fn fields_alone(&self) -> Option<Vec<(Name, Schema)>> {
        let Schema::Struct { fields, .. } = self else { return None };
        let nodes = self.nodes();
        let numbers: HashMap<_, _> =
            nodes.iter().zip(0..).map(|(node, number)| (std::ptr::from_ref(*node), number)).collect();
        let alone = fields.iter().map(|(name, field)| {
            let mut copy = Copy { nodes: &nodes, numbers: &numbers, copied: HashMap::new(), next: 0 };
            (name.clone(), copy.copy(field))
        });
        Some(alone.collect())
    }
}

struct Copy<'s> {
    /// Of the whole.
    nodes: &'s [&'s Schema],
    numbers: &'s HashMap<*const Schema, u32>,
    /// Nodes of the whole that were copied, with their numbers in the copy.
    copied: HashMap<u32, u32>,
    next: u32,
}

impl<'s> Copy<'s> {
    fn copy(&mut self, schema: &'s Schema) -> Schema {
        if let Schema::Ref(node) = schema {
            return match (self.copied.get(node), self.nodes.get(*node as usize)) {
                (Some(copied), _) => {
                    self.next += 1;
                    Schema::Ref(*copied)
                }
                // It was written out in another part: here it is met first.
                (None, Some(target)) => self.copy(target),
                (None, None) => schema.clone(),
            };
        }
        if let Some(number) = self.numbers.get(&std::ptr::from_ref(schema)) {
            self.copied.insert(*number, self.next);
        }
        self.next += 1;
        match schema {
            Schema::Option(inner) => Schema::Option(self.boxed(inner)),
            Schema::Seq(inner) => Schema::Seq(self.boxed(inner)),
            Schema::Map(key, value) => Schema::Map(self.boxed(key), self.boxed(value)),
            Schema::Tuple(parts) => Schema::Tuple(self.parts(parts)),
            Schema::NewtypeStruct { name, inner } => {
                Schema::NewtypeStruct { name: name.clone(), inner: self.boxed(inner) }
            }
            Schema::TupleStruct { name, fields } => {
                Schema::TupleStruct { name: name.clone(), fields: self.parts(fields) }
            }
            Schema::Struct { name, fields } => {
                Schema::Struct { name: name.clone(), fields: self.fields(fields) }
            }
            Schema::Enum { name, variants } => {
                let variants = variants.iter().map(|(name, variant)| (name.clone(), self.variant(variant)));
                Schema::Enum { name: name.clone(), variants: variants.collect() }
            }
            leaf => leaf.clone(),
        }
    }

    fn boxed(&mut self, schema: &'s Schema) -> Box<Schema> {
        Box::new(self.copy(schema))
    }

    fn parts(&mut self, parts: &'s [Schema]) -> Vec<Schema> {
        parts.iter().map(|part| self.copy(part)).collect()
    }

    fn fields(&mut self, fields: &'s [(Name, Schema)]) -> Vec<(Name, Schema)> {
        fields.iter().map(|(name, field)| (name.clone(), self.copy(field))).collect()
    }

    fn variant(&mut self, variant: &'s VariantSchema) -> VariantSchema {
        match variant {
            VariantSchema::Unit => VariantSchema::Unit,
            VariantSchema::Unreadable => VariantSchema::Unreadable,
            VariantSchema::Newtype(inner) => VariantSchema::Newtype(self.boxed(inner)),
            VariantSchema::Tuple(parts) => VariantSchema::Tuple(self.parts(parts)),
            VariantSchema::Struct(fields) => VariantSchema::Struct(self.fields(fields)),
        }
    }
}
