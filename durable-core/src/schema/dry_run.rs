//! Whether every value of an older shape becomes one of today's type: tried with values made up from the shape.
//!
//! Serde says nothing of a type but what its `Deserialize` does, so it is made to: once for each variant of each enum in the
//! shape, and once with everything empty that can be. Types that accept only some values (an address, a date) are given one sample
//! after the other, as when they are traced.

use super::{Name, RebuildError, Schema, Value, VariantSchema, VariantValue, trace::samples};
use crate::opaque::with_samples;
use std::collections::BTreeMap;

/// How deep made-up values go where a type contains itself.
const DEPTH_MAX: usize = 24;

/// How many values one made-up value may have in it, unless its shape has more places: where a type contains itself in many places,
/// it is made less deep. And how many are made in all, before what was tried is enough.
const VALUES_MAX: usize = 1 << 13;
const VALUES_OF_ALL_MAX: usize = 1 << 22;

/// A map's key, in a path: an error says which key, and that is the sample itself.
const KEY: &str = "[key";

/// Whether a part of a value lies within the place that an error names.
fn is_within(part: &[String], place: &[String]) -> bool {
    part.len() >= place.len()
        && part
            .iter()
            .zip(place)
            .all(|(part, place)| part == place || (part == KEY && place.starts_with(KEY)))
}

/// Tries all kinds of values of this shape. The first error that no other sample avoids.
pub(crate) fn dry_run(
    schema: &Schema,
    build: &mut dyn FnMut(Value) -> Result<(), RebuildError>,
) -> Result<(), RebuildError> {
    let mut maker = Maker::new(schema);
    maker.run(build)?;
    maker.empty = true;
    maker.run(build)?;
    maker.empty = false;
    for choices in choices(schema) {
        maker.chosen = choices.into_iter().collect();
        maker.run(build)?;
    }
    Ok(())
}

/// An enum, by its address, and one of its variants.
type Choice = (*const Schema, usize);

/// Every variant of every enum, with those around it that lead there.
fn choices(schema: &Schema) -> Vec<Vec<Choice>> {
    let mut found = Vec::new();
    collect(schema, &mut Vec::new(), &mut found);
    found
}

fn collect(schema: &Schema, around: &mut Vec<Choice>, found: &mut Vec<Vec<Choice>>) {
    let Schema::Enum { variants, .. } = schema else {
        return schema.each_part(&mut |part| collect(part, around, found));
    };
    for (at, (_, variant)) in variants.iter().enumerate() {
        // No value of it was ever saved.
        if matches!(variant, VariantSchema::Unreadable) {
            continue;
        }
        around.push((schema, at));
        found.push(around.clone());
        variant.each_part(&mut |part| collect(part, around, found));
        around.pop();
    }
}

/// Makes values of a shape.
struct Maker<'s> {
    nodes: Vec<&'s Schema>,
    /// The sample that each part is given, by its place in the value; unless it is listed, the first.
    profiles: BTreeMap<Vec<String>, usize>,
    /// The variants of enums; unless one is listed, the first that ends.
    chosen: BTreeMap<*const Schema, usize>,
    /// Options are `None`, and sequences and maps have no elements.
    empty: bool,
    path: Vec<String>,
    leaves: Vec<Vec<String>>,
    depth_max: usize,
    /// Values in the one that is being made, and in all before.
    values: usize,
    values_before: usize,
    values_max: usize,
}

impl<'s> Maker<'s> {
    fn new(schema: &'s Schema) -> Self {
        let nodes = schema.nodes();
        Self {
            depth_max: DEPTH_MAX,
            values: 0,
            values_before: 0,
            values_max: VALUES_MAX.max(2 * nodes.len()),
            nodes,
            profiles: BTreeMap::new(),
            chosen: BTreeMap::new(),
            empty: false,
            path: Vec::new(),
            leaves: Vec::new(),
        }
    }

    /// Builds a value, with other samples where one is refused.
    fn run(&mut self, build: &mut dyn FnMut(Value) -> Result<(), RebuildError>) -> Result<(), RebuildError> {
        loop {
            let Some(value) = self.made() else { return Ok(()) };
            let Err(error) = with_samples(|| build(value)) else { return Ok(()) };
            let refused = self.leaves.iter().filter(|leaf| is_within(leaf, error.path()));
            let mut others = false;
            for leaf in refused {
                let profile = self.profiles.entry(leaf.clone()).or_default();
                if *profile + 1 < samples::ROUNDS_PER_SLOT {
                    *profile += 1;
                    others = true;
                }
            }
            if !others {
                return Err(error);
            }
        }
    }

    /// A value of the whole shape; `None` if none is small enough, or there were enough of them.
    fn made(&mut self) -> Option<Value> {
        while self.values_before < VALUES_OF_ALL_MAX {
            self.leaves.clear();
            self.values = 0;
            let value = self.value(self.nodes[0], 0);
            self.values_before += self.values;
            if self.values <= self.values_max {
                return value;
            }
            if self.depth_max == 0 {
                return None;
            }
            self.depth_max /= 2;
        }
        None
    }

    /// A value of this shape; `None` if none is small enough.
    fn value(&mut self, schema: &'s Schema, depth: usize) -> Option<Value> {
        self.values += 1;
        if depth > self.depth_max || self.values > self.values_max {
            return None;
        }
        let depth = depth + 1;
        Some(match schema {
            Schema::Unit => Value::Unit,
            Schema::Bool => Value::Bool(self.leaf().is_multiple_of(2)),
            Schema::I8 | Schema::I16 | Schema::I32 | Schema::I64 | Schema::I128 => {
                Value::Signed(samples::number(self.leaf()).into())
            }
            Schema::U8 | Schema::U16 | Schema::U32 | Schema::U64 | Schema::U128 => {
                Value::Unsigned(samples::number(self.leaf()).into())
            }
            Schema::F32 => Value::F32(samples::float(self.leaf())),
            Schema::F64 => Value::F64(samples::float(self.leaf()).into()),
            Schema::Char => Value::Char(samples::character(self.leaf())),
            Schema::String => Value::String(samples::text(self.leaf()).to_owned()),
            Schema::Bytes => Value::Bytes(samples::bytes(self.leaf()).to_owned()),
            Schema::Option(inner) => Value::Option(match self.empty {
                true => None,
                false => self.value(inner, depth).map(Box::new),
            }),
            Schema::Seq(inner) => Value::Seq(match self.empty {
                true => Vec::new(),
                false => self.within("[0]", |this| this.value(inner, depth)).into_iter().collect(),
            }),
            Schema::Map(key, inner) => Value::Map(match self.empty {
                true => Vec::new(),
                false => self.entry(key, inner, depth).into_iter().collect(),
            }),
            Schema::Tuple(parts) => Value::Tuple(self.elements(parts, depth)?),
            Schema::UnitStruct { name } => Value::UnitStruct { name: name.clone() },
            Schema::NewtypeStruct { name, inner } => {
                Value::NewtypeStruct { name: name.clone(), inner: Box::new(self.value(inner, depth)?) }
            }
            Schema::TupleStruct { name, fields } => {
                Value::TupleStruct { name: name.clone(), fields: self.elements(fields, depth)? }
            }
            Schema::Struct { name, fields } => {
                Value::Struct { name: name.clone(), fields: self.members(fields, depth)? }
            }
            Schema::Enum { name, variants } => {
                let (variant, payload) = self.variant(schema, variants, depth)?;
                Value::Enum { name: name.clone(), variant, payload }
            }
            Schema::Ref(node) => self.value(self.nodes.get(*node as usize).copied()?, depth)?,
        })
    }

    fn variant(
        &mut self,
        schema: &'s Schema,
        variants: &'s [(Name, VariantSchema)],
        depth: usize,
    ) -> Option<(Name, VariantValue)> {
        // The chosen one once; inside of itself, the first that ends.
        let chosen = self.chosen.remove(&std::ptr::from_ref(schema));
        let made = chosen.into_iter().chain(0..variants.len()).find_map(|choice| {
            let (name, variant) = &variants[choice];
            let leaves = self.leaves.len();
            let payload = self.within(&format!(".{name}"), |this| this.payload(variant, depth));
            if payload.is_none() {
                self.leaves.truncate(leaves);
            }
            Some((name.clone(), payload?))
        });
        self.chosen.extend(chosen.map(|choice| (std::ptr::from_ref(schema), choice)));
        made
    }

    fn payload(&mut self, variant: &'s VariantSchema, depth: usize) -> Option<VariantValue> {
        Some(match variant {
            VariantSchema::Unit => VariantValue::Unit,
            VariantSchema::Newtype(inner) => VariantValue::Newtype(Box::new(self.value(inner, depth)?)),
            VariantSchema::Tuple(parts) => VariantValue::Tuple(self.elements(parts, depth)?),
            VariantSchema::Struct(fields) => VariantValue::Struct(self.members(fields, depth)?),
            VariantSchema::Unreadable => return None,
        })
    }

    fn elements(&mut self, parts: &'s [Schema], depth: usize) -> Option<Vec<Value>> {
        let values = parts.iter().enumerate();
        values.map(|(at, part)| self.within(&format!("[{at}]"), |this| this.value(part, depth))).collect()
    }

    fn members(&mut self, fields: &'s [(Name, Schema)], depth: usize) -> Option<Vec<(Name, Value)>> {
        let members = fields.iter().map(|(name, field)| {
            let value = self.within(&format!(".{name}"), |this| this.value(field, depth))?;
            Some((name.clone(), value))
        });
        members.collect()
    }

    fn entry(&mut self, key: &'s Schema, value: &'s Schema, depth: usize) -> Option<(Value, Value)> {
        let key = self.within(KEY, |this| this.value(key, depth))?;
        let value = self.within(&format!("[{key}]"), |this| this.value(value, depth))?;
        Some((key, value))
    }

    /// A part without parts: which sample it is given.
    fn leaf(&mut self) -> usize {
        self.leaves.push(self.path.clone());
        self.profiles.get(&self.path).copied().unwrap_or(0)
    }

    fn within<T>(&mut self, part: &str, make: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(part.to_owned());
        let made = make(self);
        self.path.pop();
        made
    }
}
