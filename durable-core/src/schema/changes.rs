//! What a type's shape says of values saved in an older one: fields that came and went, and numbers that need not fit any more.
//!
//! Only what has the same name on both sides is compared. What serde makes of the rest, a [dry run](super::dry_run) shows.

use super::{Name, Schema, VALUE_DEPTH_MAX, VariantSchema};
use std::collections::HashSet;

/// A difference between an older shape and today's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A field of today's type was not saved under this name: serde fills it in, or finds it under an alias.
    Added(String),
    /// A saved field has no place of this name any more.
    Dropped(String),
    /// A part is of another kind now, or of a variant that is not there: if it is read, what of it is left nobody can see.
    Recast(String),
    /// An integer is smaller now: what was saved need not fit.
    Narrowed { place: String, was: &'static str, is: &'static str },
}

/// The differences, from the outside in. `place` is the name of the whole.
pub(crate) fn changes(place: &str, was: &Schema, is: &Schema) -> Vec<Change> {
    let mut walk = Walk {
        place: vec![place.to_owned()],
        roots: [was.nodes(), is.nodes()],
        compared: HashSet::new(),
        depth: 0,
        found: Vec::new(),
    };
    walk.compare(was, is);
    walk.found
}

struct Walk<'s> {
    place: Vec<String>,
    /// What references count from, on both sides.
    roots: [Vec<&'s Schema>; 2],
    /// The pairs of types that were compared. A type that contains itself ends there; and where many contain each other, there are
    /// more ways through them than could be walked.
    compared: HashSet<(*const Schema, *const Schema)>,
    depth: usize,
    found: Vec<Change>,
}

impl<'s> Walk<'s> {
    fn compare(&mut self, was: &'s Schema, is: &'s Schema) {
        let (was, is) = (self.target(0, was), self.target(1, is));
        // No value is read from deeper. That they are equal says nothing: references in them may lead to others.
        if self.depth >= VALUE_DEPTH_MAX || !self.compared.insert((was, is)) {
            return;
        }
        self.depth += 1;
        self.parts(was, is);
        self.depth -= 1;
    }

    fn target(&self, side: usize, schema: &'s Schema) -> &'s Schema {
        match schema {
            Schema::Ref(node) => self.roots[side].get(*node as usize).copied().unwrap_or(schema),
            other => other,
        }
    }

    fn parts(&mut self, was: &'s Schema, is: &'s Schema) {
        match (was, is) {
            (Schema::NewtypeStruct { inner: was, .. }, Schema::NewtypeStruct { inner: is, .. })
            | (Schema::Option(was), Schema::Option(is)) => self.compare(was, is),
            (Schema::NewtypeStruct { inner, .. }, is) => self.compare(inner, is),
            (was, Schema::NewtypeStruct { inner: is, .. } | Schema::Option(is)) => self.compare(was, is),
            (Schema::Seq(was), Schema::Seq(is)) => self.within("[]", |walk| walk.compare(was, is)),
            (Schema::Map(was_key, was), Schema::Map(is_key, is)) => {
                self.within("[key]", |walk| walk.compare(was_key, is_key));
                self.within("[]", |walk| walk.compare(was, is));
            }
            (
                Schema::Tuple(was) | Schema::TupleStruct { fields: was, .. },
                Schema::Tuple(is) | Schema::TupleStruct { fields: is, .. },
            ) => self.elements(was, is),
            (Schema::Struct { fields: was, .. }, Schema::Struct { fields: is, .. }) => self.fields(was, is),
            (Schema::Enum { variants: was, .. }, Schema::Enum { variants: is, .. }) => {
                for (name, was) in was {
                    let is = is.iter().find(|(other, _)| other == name).map(|(_, is)| is);
                    self.within(&format!("::{name}"), |walk| walk.payload(was, is));
                }
            }
            // A reader takes the one for the other.
            (Schema::Seq(was), Schema::Bytes) if **was == Schema::U8 => {}
            (was, is) => self.other_kinds(was, is),
        }
    }

    /// Plain values become others exactly or not at all; but whatever text is no variant may be some variant to serde.
    fn other_kinds(&mut self, was: &'s Schema, is: &'s Schema) {
        if was.is_composite() || matches!(is, Schema::Enum { .. }) {
            self.found.push(Change::Recast(self.place.concat()));
        } else if let (Some((was_range, was)), Some((is_range, is))) = (range(was), range(is))
            && (was_range.0 < is_range.0 || was_range.1 > is_range.1)
        {
            self.found.push(Change::Narrowed { place: self.place.concat(), was, is });
        }
    }

    fn payload(&mut self, was: &'s VariantSchema, is: Option<&'s VariantSchema>) {
        match (was, is) {
            // No value of it was ever saved.
            (VariantSchema::Unreadable, _) => {}
            (VariantSchema::Unit, Some(VariantSchema::Unit)) => {}
            (VariantSchema::Newtype(was), Some(VariantSchema::Newtype(is))) => self.compare(was, is),
            (VariantSchema::Tuple(was), Some(VariantSchema::Tuple(is))) => self.elements(was, is),
            (VariantSchema::Struct(was), Some(VariantSchema::Struct(is))) => self.fields(was, is),
            _ => self.found.push(Change::Recast(self.place.concat())),
        }
    }

    /// That they are as many, the values say.
    fn elements(&mut self, was: &'s [Schema], is: &'s [Schema]) {
        for (at, (was, is)) in was.iter().zip(is).enumerate() {
            self.within(&format!(".{at}"), |walk| walk.compare(was, is));
        }
    }

    fn fields(&mut self, was: &'s [(Name, Schema)], is: &'s [(Name, Schema)]) {
        for (name, was) in was {
            self.within(&format!(".{name}"), |walk| match is.iter().find(|(other, _)| other == name) {
                Some((_, is)) => walk.compare(was, is),
                None => walk.found.push(Change::Dropped(walk.place.concat())),
            });
        }
        for (name, _) in is.iter().filter(|(name, _)| was.iter().all(|(other, _)| other != name)) {
            self.within(&format!(".{name}"), |walk| walk.found.push(Change::Added(walk.place.concat())));
        }
    }

    fn within(&mut self, part: &str, compare: impl FnOnce(&mut Self)) {
        self.place.push(part.to_owned());
        compare(self);
        self.place.pop();
    }
}

/// The smallest and the largest number of an integer type, and its name.
fn range(schema: &Schema) -> Option<((i128, u128), &'static str)> {
    macro_rules! range {
        ($ty:ident) => {
            (
                (i128::try_from($ty::MIN).unwrap_or(i128::MIN), u128::try_from($ty::MAX).unwrap_or(0)),
                stringify!($ty),
            )
        };
    }
    Some(match schema {
        Schema::I8 => range!(i8),
        Schema::I16 => range!(i16),
        Schema::I32 => range!(i32),
        Schema::I64 => range!(i64),
        Schema::I128 => range!(i128),
        Schema::U8 => range!(u8),
        Schema::U16 => range!(u16),
        Schema::U32 => range!(u32),
        Schema::U64 => range!(u64),
        Schema::U128 => range!(u128),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Change, changes};
    use crate::schema::{Schema, trace};
    use serde::{Deserialize, de::DeserializeOwned};
    use std::collections::BTreeMap;

    fn between<Was: DeserializeOwned, Is: DeserializeOwned>() -> Vec<Change> {
        changes("v", &trace::<Was>().unwrap(), &trace::<Is>().unwrap())
    }

    fn recast(places: &[&str]) -> Vec<Change> {
        places.iter().map(|place| Change::Recast((*place).to_owned())).collect()
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape counts")]
    struct Pair {
        a: u64,
        b: u64,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape counts")]
    enum Was {
        Kept(Pair),
        Emptied(u64),
        Named(Pair),
        Gone,
        GoneWith { it: u64 },
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape counts")]
    enum Is {
        Kept(Pair),
        Emptied,
        Named { a: u64, b: u64 },
    }

    #[test]
    fn what_is_of_another_kind_is_told() {
        assert_eq!(between::<Pair, BTreeMap<String, u64>>(), recast(&["v"]));
        assert_eq!(between::<BTreeMap<String, u64>, Pair>(), recast(&["v"]));
        assert_eq!(between::<Vec<(u8, Option<u8>)>, Vec<(u8, u8)>>(), recast(&["v[].1"]));
        assert_eq!(between::<(u8, u8), Vec<u8>>(), recast(&["v"]));
        // Some text may be a variant by `#[serde(other)]`.
        assert_eq!(between::<String, Is>(), recast(&["v"]));
        assert_eq!(between::<Was, Is>(), recast(&["v::Emptied", "v::Named", "v::Gone", "v::GoneWith"]));
    }

    #[test]
    fn what_is_read_exactly_or_not_at_all_is_not_told() {
        assert_eq!(between::<u8, Option<u64>>(), []);
        assert_eq!(between::<f64, f32>(), []);
        assert_eq!(between::<char, String>(), []);
        assert_eq!(between::<Vec<u8>, Vec<u16>>(), []);
        assert_eq!(changes("v", &Schema::Seq(Box::new(Schema::U8)), &Schema::Bytes), []);
        assert_eq!(between::<Was, Was>(), []);
    }
}
