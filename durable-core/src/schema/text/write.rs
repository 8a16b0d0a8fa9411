//! Writing: many schemas, each type of theirs declared once.

use super::{
    Name, SCHEMA_DEPTH_MAX, Schema,
    classes::Classes,
    expand::Types,
    types::{Body, Declared, Label, Type},
};
use std::collections::{HashMap, HashSet};

/// How large all types together may be that share their names with others: they are written out, to know their fingerprints.
const FINGERPRINTED_NODES_MAX: usize = 1 << 22;

/// Schemas as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaTexts {
    /// Each of them, on one line.
    pub schemas: Vec<String>,
    /// The types they name, sorted; each field and each variant is on a line of its own.
    pub declarations: Vec<String>,
}

/// Writes schemas, and the types that they name. Where types share a name, the one that comes first has it alone, and the others
/// have digits of their fingerprints behind it.
pub fn write_schemas(schemas: &[&Schema]) -> SchemaTexts {
    let mut known = HashMap::new();
    let (mut different, mut numbers) = (Vec::new(), Vec::new());
    for schema in schemas {
        numbers.push(*known.entry(*schema).or_insert_with(|| {
            different.push(*schema);
            different.len() - 1
        }));
    }
    let classes = Classes::of(&different);
    let labels = labels(&classes);
    let types = Types::new(classes.declared(&labels));
    let mut left = classes.parts_max();
    let written: Vec<Type> = different
        .iter()
        .zip(&classes.roots)
        .map(|(schema, root)| {
            let ty = root.and_then(|class| classes.ty(class, &labels, &mut left));
            // Only what is read as the same schema may be said by names.
            ty.filter(|ty| expands_to(&types, ty, schema)).unwrap_or_else(|| inline(schema))
        })
        .collect();
    let used = used(&classes, &labels, &written);
    let mut declared: Vec<Declared> = classes.declared(&labels);
    declared.retain(|declared| used.contains(&declared.label));
    declared.sort_by(|a, b| a.label.cmp(&b.label));
    SchemaTexts {
        schemas: numbers.into_iter().map(|number| written[number].to_string()).collect(),
        declarations: declared.iter().map(|declared| format!("{declared:#}")).collect(),
    }
}

/// One schema, whole, on one line.
pub fn one_schema(schema: &Schema) -> String {
    inline(schema).to_string()
}

fn expands_to(types: &Types, ty: &Type, schema: &Schema) -> bool {
    // It is another one if it is larger.
    types.expand(ty, &mut schema.nodes().len()).as_ref() == Ok(schema)
}

fn name_of(schema: &Schema) -> Option<Name> {
    match schema {
        Schema::UnitStruct { name }
        | Schema::NewtypeStruct { name, .. }
        | Schema::TupleStruct { name, .. }
        | Schema::Struct { name, .. }
        | Schema::Enum { name, .. } => Some(name.clone()),
        _ => None,
    }
}

/// With everything written where it is used.
fn inline(schema: &Schema) -> Type {
    let parts = || schema.parts().into_iter().map(inline).collect();
    match name_of(schema) {
        None => Type::of(schema, parts()),
        Some(name) => {
            let (_, body) = Body::of(schema, parts()).expect("what has a name has a body");
            Type::Inline(Box::new(Declared { label: Label { name, version: String::new() }, body }))
        }
    }
}

impl Classes<'_> {
    /// How many parts types may have together. References can make a type exponentially larger than it was written, which those
    /// of programs never do.
    fn parts_max(&self) -> usize {
        4 * self.nodes
    }

    /// A class where it is used. `None` if no names say it: it, or what it has, contains itself without a name.
    fn ty(&self, class: usize, labels: &[Option<Label>], left: &mut usize) -> Option<Type> {
        self.ty_within(class, labels, left, &mut Vec::new())
    }

    fn ty_within(
        &self,
        class: usize,
        labels: &[Option<Label>],
        left: &mut usize,
        within: &mut Vec<usize>,
    ) -> Option<Type> {
        *left = left.checked_sub(1)?;
        if let Some(label) = &labels[class] {
            return Some(Type::Named(label.clone()));
        }
        let (schema, parts) = &self.list[class];
        // It has a name and none of its own to be told by: another type has taken it, and what is in this one cannot be said by names.
        if name_of(schema).is_some() || within.len() >= SCHEMA_DEPTH_MAX || within.contains(&class) {
            return None;
        }
        within.push(class);
        let parts =
            parts.iter().map(|part| self.ty_within(*part, labels, left, within)).collect::<Option<_>>();
        within.pop();
        Some(Type::of(schema, parts?))
    }

    fn declared(&self, labels: &[Option<Label>]) -> Vec<Declared> {
        let mut left = self.parts_max();
        let declared = self.list.iter().zip(labels).filter_map(|((schema, parts), label)| {
            let label = label.clone()?;
            let parts = parts.iter().map(|part| self.ty(*part, labels, &mut left)).collect::<Option<_>>()?;
            let (_, body) = Body::of(schema, parts)?;
            Some(Declared { label, body })
        });
        declared.collect()
    }
}

/// The label of each class with a name. One that shares its name with an earlier one is told from it by its fingerprint, so that
/// what comes and goes beside it changes nothing.
fn labels(classes: &Classes<'_>) -> Vec<Option<Label>> {
    let names: Vec<_> = classes.list.iter().map(|(schema, _)| name_of(schema)).collect();
    // Numbers instead of fingerprints, while these are not known.
    let numbered = names
        .iter()
        .enumerate()
        .map(|(class, name)| Some(Label { name: name.clone()?, version: class.to_string() }));
    let numbered: Vec<_> = numbered.collect();
    let types = Types::new(classes.declared(&numbered));
    let (mut taken, mut nodes_left) = (HashSet::new(), FINGERPRINTED_NODES_MAX);
    let labels = names.into_iter().zip(&numbered).map(|(name, numbered)| {
        let plain = Label { name: name?, version: String::new() };
        if taken.insert(plain.clone()) {
            return Some(plain);
        }
        let ty = Type::Named(numbered.clone()?);
        let schema = types.expand(&ty, &mut nodes_left).ok()?;
        let digits = schema.fingerprint().to_string();
        [8, digits.len()]
            .iter()
            .map(|len| Label { version: digits[..*len].to_owned(), ..plain.clone() })
            .find(|label| taken.insert(label.clone()))
    });
    labels.collect()
}

/// The labels that the written types need.
fn used(classes: &Classes<'_>, labels: &[Option<Label>], written: &[Type]) -> HashSet<Label> {
    let declared: HashMap<Label, Body> =
        classes.declared(labels).into_iter().map(|Declared { label, body }| (label, body)).collect();
    let mut used: HashSet<Label> = HashSet::new();
    let mut open = Vec::new();
    written.iter().for_each(|ty| ty.named(&mut open));
    while let Some(label) = open.pop() {
        if used.insert(label.clone())
            && let Some(body) = declared.get(label)
        {
            body.types().into_iter().for_each(|ty| ty.named(&mut open));
        }
    }
    used
}

/// A type on a line, its parts by their names alone, for messages. References lead to these nodes.
pub(crate) fn brief(schema: &Schema, nodes: &[&Schema]) -> String {
    brief_type(schema, nodes).to_string()
}

fn brief_type(schema: &Schema, nodes: &[&Schema]) -> Type {
    let target = match schema {
        Schema::Ref(number) => nodes.get(*number as usize).copied(),
        _ => None,
    };
    match name_of(target.unwrap_or(schema)) {
        Some(name) => Type::Named(Label { name, version: String::new() }),
        None => Type::of(schema, schema.parts().into_iter().map(|part| brief_type(part, nodes)).collect()),
    }
}
