//! Types as schemas: names are replaced by what they are declared as.

use super::{
    Name, SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX, Schema, VariantSchema,
    types::{Body, Declared, Label, Type, Variant},
};
use std::collections::HashMap;

/// Declared types.
#[derive(Debug, Default)]
pub(super) struct Types {
    bodies: HashMap<Label, Body>,
    /// Those that contain themselves.
    recursive: HashMap<Label, bool>,
}

impl Types {
    pub(super) fn new(declared: impl IntoIterator<Item = Declared>) -> Self {
        let bodies: HashMap<_, _> =
            declared.into_iter().map(|Declared { label, body }| (label, body)).collect();
        let recursive = recursive(&bodies);
        Self { bodies, recursive }
    }

    /// The schema of a type. `nodes_left` is a limit for many of them.
    pub(super) fn expand(&self, ty: &Type, nodes_left: &mut usize) -> Result<Schema, String> {
        let mut expander = Expander {
            types: self,
            numbers: HashMap::new(),
            composite: Vec::new(),
            nodes_max: SCHEMA_NODES_MAX.min(*nodes_left),
        };
        let schema = expander.node(ty, 0);
        *nodes_left = nodes_left.saturating_sub(expander.composite.len());
        schema
    }
}

struct Expander<'t> {
    types: &'t Types,
    /// Where a type that contains itself was written out.
    numbers: HashMap<&'t Label, u32>,
    /// Per node, whether a reference may lead to it.
    composite: Vec<bool>,
    nodes_max: usize,
}

impl<'t> Expander<'t> {
    fn node(&mut self, ty: &'t Type, depth: usize) -> Result<Schema, String> {
        if depth >= SCHEMA_DEPTH_MAX {
            return Err(format!("the type is nested deeper than {SCHEMA_DEPTH_MAX} levels"));
        }
        let number = self.composite.len();
        if number >= self.nodes_max {
            return Err("the types are larger than any that a program has".to_owned());
        }
        let depth = depth + 1;
        self.composite.push(!matches!(ty, Type::Scalar(_) | Type::Ref(_)));
        Ok(match ty {
            Type::Scalar(schema) => schema.clone(),
            Type::Option(inner) => Schema::Option(self.boxed(inner, depth)?),
            Type::Seq(inner) => Schema::Seq(self.boxed(inner, depth)?),
            Type::Map(key, value) => Schema::Map(self.boxed(key, depth)?, self.boxed(value, depth)?),
            Type::Tuple(parts) => Schema::Tuple(self.nodes(parts, depth)?),
            Type::Array(inner, count) => {
                Schema::Tuple((0..*count).map(|_| self.node(inner, depth)).collect::<Result<_, _>>()?)
            }
            Type::Ref(to) => match self.composite.get(*to as usize) {
                Some(true) => Schema::Ref(*to),
                _ => return Err(format!("`^{to}` leads to no type before it")),
            },
            Type::Inline(declared) => self.body(number, &declared.label.name, &declared.body, depth)?,
            Type::Named(label) => {
                let Some((label, body)) = self.types.bodies.get_key_value(label) else {
                    return Err(format!("type `{label}` is not declared"));
                };
                if self.types.recursive.contains_key(label) {
                    if let Some(first) = self.numbers.get(label) {
                        self.composite[number] = false;
                        return Ok(Schema::Ref(*first));
                    }
                    self.numbers.insert(label, number as u32);
                }
                self.body(number, &label.name, body, depth)?
            }
        })
    }

    fn body(&mut self, number: usize, name: &Name, body: &'t Body, depth: usize) -> Result<Schema, String> {
        let name = name.clone();
        Ok(match body {
            Body::UnitStruct => {
                self.composite[number] = false;
                Schema::UnitStruct { name }
            }
            Body::NewtypeStruct(inner) => Schema::NewtypeStruct { name, inner: self.boxed(inner, depth)? },
            Body::TupleStruct(parts) => Schema::TupleStruct { name, fields: self.nodes(parts, depth)? },
            Body::Struct(fields) => Schema::Struct { name, fields: self.fields(fields, depth)? },
            Body::Enum(variants) => {
                let variants = variants.iter().map(|(name, variant)| {
                    let variant = match variant {
                        Variant::Unit => VariantSchema::Unit,
                        Variant::Unreadable => VariantSchema::Unreadable,
                        Variant::Newtype(inner) => VariantSchema::Newtype(self.boxed(inner, depth)?),
                        Variant::Tuple(parts) => VariantSchema::Tuple(self.nodes(parts, depth)?),
                        Variant::Struct(fields) => VariantSchema::Struct(self.fields(fields, depth)?),
                    };
                    Ok((name.clone(), variant))
                });
                let variants = variants.collect::<Result<_, String>>()?;
                Schema::Enum { name, variants }
            }
        })
    }

    fn boxed(&mut self, ty: &'t Type, depth: usize) -> Result<Box<Schema>, String> {
        self.node(ty, depth).map(Box::new)
    }

    fn nodes(&mut self, types: &'t [Type], depth: usize) -> Result<Vec<Schema>, String> {
        types.iter().map(|ty| self.node(ty, depth)).collect()
    }

    fn fields(&mut self, fields: &'t [(Name, Type)], depth: usize) -> Result<Vec<(Name, Schema)>, String> {
        fields.iter().map(|(name, ty)| Ok((name.clone(), self.node(ty, depth)?))).collect()
    }
}

/// The types from which names lead back to them: those in one strongly connected component with another type, or with
/// themselves. By Tarjan, without recursion, for a file may have a million of them.
fn recursive(bodies: &HashMap<Label, Body>) -> HashMap<Label, bool> {
    let labels: Vec<&Label> = bodies.keys().collect();
    let numbers: HashMap<&Label, usize> = labels.iter().enumerate().map(|(at, label)| (*label, at)).collect();
    let leads_to = labels.iter().map(|label| {
        let mut named = Vec::new();
        bodies[*label].types().into_iter().for_each(|ty| ty.named(&mut named));
        named.into_iter().filter_map(|label| numbers.get(label).copied()).collect()
    });
    let leads_to: Vec<Vec<usize>> = leads_to.collect();
    let mut walk = Walk::new(leads_to);
    (0..labels.len()).for_each(|start| walk.from(start));
    let found = labels.into_iter().zip(walk.recursive).filter(|(_, recursive)| *recursive);
    found.map(|(label, _)| (label.clone(), true)).collect()
}

struct Walk {
    leads_to: Vec<Vec<usize>>,
    /// When each was first met, from 1.
    met: Vec<usize>,
    /// The earliest that can be come back to.
    low: Vec<usize>,
    open: Vec<usize>,
    is_open: Vec<bool>,
    time: usize,
    recursive: Vec<bool>,
}

impl Walk {
    fn new(leads_to: Vec<Vec<usize>>) -> Self {
        let count = leads_to.len();
        let zeros = || vec![0; count];
        let no = || vec![false; count];
        Self {
            leads_to,
            met: zeros(),
            low: zeros(),
            open: Vec::new(),
            is_open: no(),
            time: 0,
            recursive: no(),
        }
    }

    fn from(&mut self, start: usize) {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if self.met[start] == 0 {
            self.meet(start);
            path.push((start, 0));
        }
        while let Some((at, way)) = path.pop() {
            let Some(&next) = self.leads_to[at].get(way) else {
                self.close(at);
                if let Some(&(before, _)) = path.last() {
                    self.low[before] = self.low[before].min(self.low[at]);
                }
                continue;
            };
            path.push((at, way + 1));
            self.recursive[at] |= next == at;
            if self.met[next] == 0 {
                self.meet(next);
                path.push((next, 0));
            } else if self.is_open[next] {
                self.low[at] = self.low[at].min(self.met[next]);
            }
        }
    }

    fn meet(&mut self, at: usize) {
        self.time += 1;
        (self.met[at], self.low[at]) = (self.time, self.time);
        self.open.push(at);
        self.is_open[at] = true;
    }

    /// All ways out of it were gone: if none leads to where it came from, it is the first of its component.
    fn close(&mut self, at: usize) {
        if self.low[at] != self.met[at] {
            return;
        }
        let first = self.open.iter().rposition(|open| *open == at).unwrap_or(0);
        let component = self.open.split_off(first);
        for member in &component {
            self.is_open[*member] = false;
            self.recursive[*member] |= component.len() > 1;
        }
    }
}
