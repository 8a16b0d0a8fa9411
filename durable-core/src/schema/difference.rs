//! What is different between two versions of what an await point saves, for people.

use super::{PointSchema, Schema, VALUE_DEPTH_MAX, VariantSchema, text::brief};
use std::collections::{BTreeSet, HashSet};

/// A list is not longer: nobody reads on.
const DIFFERENCES_MAX: usize = 50;

impl PointSchema {
    /// What is different in `new`, in words, each with the path from a saved local to the part: `` `order.lines[].price` was u64, is String ``.
    ///
    /// It is empty if the fingerprints are equal, and never else.
    pub fn differences(&self, new: &PointSchema) -> Vec<String> {
        let mut found = Found::default();
        let names = |point: &PointSchema| point.fields.iter().map(|(name, _)| name.clone()).collect();
        let (was_names, is_names): (Vec<String>, Vec<String>) = (names(self), names(new));
        found.order("what is saved stands", &was_names, &is_names);
        for (name, was) in &self.fields {
            match new.fields.iter().find(|(other, _)| other == name) {
                Some((_, is)) => found.root(name, was, is),
                None => {
                    found.say(format!("`{name}` is not saved any more, was {}", brief(was, &was.nodes())))
                }
            }
        }
        for (name, is) in new.fields.iter().filter(|(name, _)| !was_names.contains(name)) {
            found.say(format!("`{name}` is saved, too: {}", brief(is, &is.nodes())));
        }
        if self.operation != new.operation {
            found.say(format!("`{}` was called, now it is `{}`", self.operation, new.operation));
        }
        if found.list.is_empty() && self.fingerprint() != new.fingerprint() {
            found.say("types in it share a name, or contain themselves in another way".to_owned());
        }
        found.list
    }
}

impl Schema {
    /// What is different in `new`, as [`PointSchema::differences`] says it; `name` is what the whole is called.
    pub(crate) fn differences(&self, name: &str, new: &Schema) -> Vec<String> {
        let mut found = Found::default();
        found.root(name, self, new);
        found.list
    }
}

#[derive(Default)]
struct Found {
    list: Vec<String>,
}

impl Found {
    fn say(&mut self, what: String) {
        // A type that is used in many places is different in all of them.
        if self.list.len() < DIFFERENCES_MAX && !self.list.contains(&what) {
            self.list.push(what);
        }
    }

    fn root(&mut self, name: &str, was: &Schema, is: &Schema) {
        let mut pair =
            Pair { was: was.nodes(), is: is.nodes(), compared: HashSet::new(), depth: 0, found: self };
        pair.compare(name, was, is);
    }

    /// Whether what both have stands in another order.
    fn order(&mut self, what_stands: &str, was: &[String], is: &[String]) {
        let common = |names: &[String], others: &[String]| -> Vec<String> {
            let others: BTreeSet<&String> = others.iter().collect();
            names.iter().filter(|name| others.contains(name)).cloned().collect()
        };
        if common(was, is) != common(is, was) {
            self.say(format!("{what_stands} in another order"));
        }
    }
}

struct Pair<'s, 'f> {
    /// The nodes that references lead to.
    was: Vec<&'s Schema>,
    is: Vec<&'s Schema>,
    compared: HashSet<(*const Schema, *const Schema)>,
    depth: usize,
    found: &'f mut Found,
}

impl<'s> Pair<'s, '_> {
    fn compare(&mut self, path: &str, was: &'s Schema, is: &'s Schema) {
        let (was, is) = (resolved(&self.was, was), resolved(&self.is, is));
        // No value is read from deeper.
        let is_deep = self.depth >= VALUE_DEPTH_MAX;
        if is_deep || !self.compared.insert((was, is)) || self.found.list.len() >= DIFFERENCES_MAX {
            return;
        }
        self.depth += 1;
        self.compare_resolved(path, was, is);
        self.depth -= 1;
    }

    fn compare_resolved(&mut self, path: &str, was: &'s Schema, is: &'s Schema) {
        match (was, is) {
            (Schema::Option(was), Schema::Option(is)) => self.compare(path, was, is),
            (Schema::Seq(was), Schema::Seq(is)) => self.compare(&format!("{path}[]"), was, is),
            (Schema::Map(was_key, was), Schema::Map(is_key, is)) => {
                self.compare(&format!("{path}[key]"), was_key, is_key);
                self.compare(&format!("{path}[]"), was, is);
            }
            (Schema::Tuple(was), Schema::Tuple(is)) if was.len() == is.len() => self.tuple(path, was, is),
            (Schema::NewtypeStruct { inner: was, .. }, Schema::NewtypeStruct { inner: is, .. }) => {
                self.compare(&format!("{path}.0"), was, is);
            }
            (Schema::TupleStruct { fields: was, .. }, Schema::TupleStruct { fields: is, .. })
                if was.len() == is.len() =>
            {
                self.tuple(path, was, is);
            }
            (Schema::Struct { fields: was, .. }, Schema::Struct { fields: is, .. }) => {
                self.fields(path, was, is);
            }
            (Schema::Enum { variants: was, .. }, Schema::Enum { variants: is, .. }) => {
                self.variants(path, was, is);
            }
            (was, is) if was == is => {}
            (Schema::UnitStruct { .. }, Schema::UnitStruct { .. }) => {}
            (was, is) => return self.retyped(path, was, is),
        }
        if let (Some(was), Some(is)) = (name(was), name(is))
            && was != is
        {
            self.found.say(format!("the type of `{path}` was named {was}, is {is}"));
        }
    }

    fn retyped(&mut self, path: &str, was: &Schema, is: &Schema) {
        let (before, after) = (brief(was, &self.was), brief(is, &self.is));
        match before == after {
            true => self.found.say(format!("`{path}` is another type of the name {after}")),
            false => self.found.say(format!("`{path}` was {before}, is {after}")),
        }
    }

    fn tuple(&mut self, path: &str, was: &'s [Schema], is: &'s [Schema]) {
        for (number, (was, is)) in was.iter().zip(is).enumerate() {
            self.compare(&format!("{path}.{number}"), was, is);
        }
    }

    fn fields(&mut self, path: &str, was: &'s [(super::Name, Schema)], is: &'s [(super::Name, Schema)]) {
        self.found.order(&format!("the fields of `{path}` stand"), &names(was), &names(is));
        for (name, schema) in was {
            match is.iter().find(|(other, _)| other == name) {
                Some((_, is)) => self.compare(&format!("{path}.{name}"), schema, is),
                None => self.found.say(format!("`{path}.{name}` is gone, was {}", brief(schema, &self.was))),
            }
        }
        for (name, schema) in is.iter().filter(|(name, _)| was.iter().all(|(other, _)| other != name)) {
            self.found.say(format!("`{path}.{name}` is new: {}", brief(schema, &self.is)));
        }
    }

    fn variants(
        &mut self,
        path: &str,
        was: &'s [(super::Name, VariantSchema)],
        is: &'s [(super::Name, VariantSchema)],
    ) {
        self.found.order(&format!("the variants of `{path}` stand"), &names(was), &names(is));
        for (name, variant) in was {
            match is.iter().find(|(other, _)| other == name) {
                Some((_, is)) => self.variant(&format!("{path}::{name}"), variant, is),
                None => self.found.say(format!("variant `{name}` of `{path}` is gone")),
            }
        }
        for (name, _) in is.iter().filter(|(name, _)| was.iter().all(|(other, _)| other != name)) {
            self.found.say(format!("`{path}` has a new variant `{name}`"));
        }
    }

    fn variant(&mut self, path: &str, was: &'s VariantSchema, is: &'s VariantSchema) {
        match (was, is) {
            (VariantSchema::Newtype(was), VariantSchema::Newtype(is)) => self.compare(path, was, is),
            (VariantSchema::Tuple(was), VariantSchema::Tuple(is)) if was.len() == is.len() => {
                self.tuple(path, was, is);
            }
            (VariantSchema::Struct(was), VariantSchema::Struct(is)) => self.fields(path, was, is),
            (was, is) if was == is => {}
            _ => self.found.say(format!("variant `{path}` carries something else")),
        }
    }
}

fn resolved<'s>(nodes: &[&'s Schema], schema: &'s Schema) -> &'s Schema {
    match schema {
        Schema::Ref(number) => nodes.get(*number as usize).copied().unwrap_or(schema),
        schema => schema,
    }
}

fn name(schema: &Schema) -> Option<&str> {
    match schema {
        Schema::UnitStruct { name }
        | Schema::NewtypeStruct { name, .. }
        | Schema::TupleStruct { name, .. }
        | Schema::Struct { name, .. }
        | Schema::Enum { name, .. } => Some(name),
        _ => None,
    }
}

fn names<T>(members: &[(super::Name, T)]) -> Vec<String> {
    members.iter().map(|(name, _)| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use crate::schema::{PointSchema, Schema, trace};
    use serde::Deserialize;

    fn point(fields: Vec<(&str, Schema)>) -> PointSchema {
        let fields = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        PointSchema { name: "Charge".into(), operation: "charge".into(), fields }
    }

    mod old {
        use super::Deserialize;
        use std::collections::HashMap;

        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape counts")]
        pub(super) struct Order {
            pub(super) id: u64,
            pub(super) lines: Vec<Line>,
            pub(super) by: Option<Method>,
            pub(super) notes: HashMap<String, u8>,
            pub(super) pair: (u8, u8),
        }

        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape counts")]
        pub(super) struct Line {
            pub(super) price: u64,
            pub(super) within: Vec<Line>,
            pub(super) first: Vec<Line>,
        }

        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape counts")]
        pub(super) enum Method {
            Cash,
            Card(u64),
            Wire { iban: String },
        }
    }

    mod new {
        use super::Deserialize;
        use std::collections::HashMap;

        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape counts")]
        pub(super) struct Purchase {
            pub(super) lines: Vec<Line>,
            pub(super) id: u64,
            pub(super) by: Option<Method>,
            pub(super) notes: HashMap<u8, u16>,
            pub(super) pair: (u8, u8, u8),
            pub(super) due: Option<u64>,
        }

        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape counts")]
        pub(super) struct Line {
            pub(super) price: String,
            pub(super) within: Vec<Line>,
        }

        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape counts")]
        pub(super) enum Method {
            Gift,
            Wire { iban: String, bic: String },
            Card(u64, u64),
        }
    }

    #[test]
    fn each_difference_is_said_with_its_path() {
        let was =
            point(vec![("order", trace::<old::Order>().unwrap()), ("n", Schema::U8), ("m", Schema::U8)]);
        let is =
            point(vec![("m", Schema::U8), ("n", Schema::U64), ("order", trace::<new::Purchase>().unwrap())]);
        assert_eq!(
            was.differences(&is),
            [
                "what is saved stands in another order",
                "the fields of `order` stand in another order",
                "`order.lines[].price` was u64, is String",
                "`order.lines[].first` is gone, was [Line]",
                "the variants of `order.by` stand in another order",
                "variant `Cash` of `order.by` is gone",
                "variant `order.by::Card` carries something else",
                "`order.by::Wire.bic` is new: String",
                "`order.by` has a new variant `Gift`",
                "`order.notes[key]` was String, is u8",
                "`order.notes[]` was u8, is u16",
                "`order.pair` was (u8, u8), is (u8, u8, u8)",
                "`order.due` is new: Option<u64>",
                "the type of `order` was named Order, is Purchase",
                "`n` was u8, is u64",
            ]
        );
    }

    #[test]
    fn locals_come_and_go() {
        let was = point(vec![("a", Schema::U8), ("b", trace::<Vec<old::Line>>().unwrap())]);
        let is = point(vec![("a", Schema::U8), ("c", trace::<old::Line>().unwrap())]);
        let expected = ["`b` is not saved any more, was [Line]", "`c` is saved, too: Line"];
        assert_eq!(was.differences(&is), expected);
        assert!(was.differences(&was).is_empty());
    }
}
