//! The deserializer that types are traced with: notes what is asked, and answers with samples.

use std::any::type_name;
use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::arena::{Arena, Key, Kind, Label, NodeId, Place, SlotId};
use super::plan::FAR;
use super::{Schema, fields, samples, variants};

/// Reads one slot.
pub(super) struct Walker<'t> {
    pub(super) arena: &'t mut Arena,
    pub(super) slot: SlotId,
}

/// Why a round ends early.
#[derive(Debug)]
pub(super) enum Fault {
    /// A visitor refused a value; nobody was blamed yet.
    Custom(String),
    /// As `Custom`: the visitor does not take this kind of value at all.
    Type(String),
    /// A field came twice: the second name is an alias of this field.
    Duplicate(&'static str),
    /// Already noted where it arose.
    Handled,
    /// Too deep or too long; a later round knows a shorter way.
    Stop,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Custom(message) | Fault::Type(message) => f.write_str(message),
            Fault::Duplicate(field) => write!(f, "duplicate field `{field}`"),
            Fault::Handled | Fault::Stop => f.write_str("the round is over"),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Fault::Custom(message.to_string())
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Fault::Type(format!("invalid type: {unexpected}, expected {expected}"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Fault::Duplicate(field)
    }
}

/// Visits a slot through a seed, blaming the slot if what it gave was refused.
pub(super) fn visit_slot<'de, S: DeserializeSeed<'de>>(
    arena: &mut Arena,
    slot: SlotId,
    label: Option<Label>,
    seed: S,
) -> Result<S::Value, Fault> {
    visit_with(arena, slot, label, |walker| seed.deserialize(walker))
}

fn visit_with<T>(
    arena: &mut Arena,
    slot: SlotId,
    label: Option<Label>,
    visit: impl FnOnce(Walker<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let path_len = arena.path.len();
    arena.path.extend(label);
    arena.enter(slot)?;
    match visit(Walker { arena: &mut *arena, slot }) {
        Ok(value) => {
            arena.leave(slot);
            arena.path.truncate(path_len);
            Ok(value)
        }
        Err(Fault::Custom(message) | Fault::Type(message)) => {
            arena.blame(slot, message);
            Err(Fault::Handled)
        }
        Err(Fault::Duplicate(field)) => {
            arena.blame(slot, format!("duplicate field `{field}`"));
            Err(Fault::Handled)
        }
        Err(fault) => Err(fault),
    }
}

impl Walker<'_> {
    fn node<V>(&mut self, kind: Kind, name: &'static str, parts: usize) -> Result<NodeId, Fault> {
        let len = if kind == Kind::Tuple || kind == Kind::TupleStruct { parts } else { 0 };
        self.named(Key { kind, visitor: type_name::<V>(), name, parts: &[], len }, parts)
    }

    fn named(&mut self, key: Key, parts: usize) -> Result<NodeId, Fault> {
        let node = self.arena.observe_node(self.slot, key, parts)?;
        self.arena.nodes[node].active += 1;
        Ok(node)
    }

    fn done<T>(arena: &mut Arena, node: NodeId, result: Result<T, Fault>) -> Result<T, Fault> {
        arena.nodes[node].active -= 1;
        result
    }

    /// How many elements to give: one to see, else as many as the sample says.
    fn elements(&mut self, node: NodeId) -> usize {
        let parts = self.arena.parts(node).to_vec();
        if parts.iter().any(|slot| self.arena.wants(*slot)) {
            return 1;
        }
        let count = samples::count(self.arena.profile);
        let inside_itself = self.arena.nodes[node].active > 1;
        if count == 0 || inside_itself || self.arena.height_of(&parts) == FAR { 0 } else { count }
    }
}

macro_rules! scalars {
    ($($method:ident $visit:ident $schema:ident $sample:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.arena.observe_scalar(self.slot, Schema::$schema)?;
            let sample: fn(usize) -> _ = $sample;
            visitor.$visit(sample(self.arena.profile))
        })*
    };
}

impl<'de> Deserializer<'de> for Walker<'_> {
    type Error = Fault;

    scalars! {
        deserialize_bool visit_bool Bool |profile| profile % 2 == 0;
        deserialize_i8 visit_i8 I8 |profile| samples::number(profile) as i8;
        deserialize_i16 visit_i16 I16 |profile| i16::from(samples::number(profile));
        deserialize_i32 visit_i32 I32 |profile| i32::from(samples::number(profile));
        deserialize_i64 visit_i64 I64 |profile| i64::from(samples::number(profile));
        deserialize_i128 visit_i128 I128 |profile| i128::from(samples::number(profile));
        deserialize_u8 visit_u8 U8 |profile| samples::number(profile);
        deserialize_u16 visit_u16 U16 |profile| u16::from(samples::number(profile));
        deserialize_u32 visit_u32 U32 |profile| u32::from(samples::number(profile));
        deserialize_u64 visit_u64 U64 |profile| u64::from(samples::number(profile));
        deserialize_u128 visit_u128 U128 |profile| u128::from(samples::number(profile));
        deserialize_f32 visit_f32 F32 samples::float;
        deserialize_f64 visit_f64 F64 |profile| f64::from(samples::float(profile));
        deserialize_char visit_char Char samples::character;
        deserialize_str visit_borrowed_str String samples::text;
        deserialize_string visit_str String samples::text;
        deserialize_bytes visit_borrowed_bytes Bytes samples::bytes;
        deserialize_byte_buf visit_bytes Bytes samples::bytes;
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.arena.observe_scalar(self.slot, Schema::Unit)?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Fault> {
        let node = self.node::<V>(Kind::Option, "", 1)?;
        let some = self.elements(node) > 0;
        let inner = self.arena.parts(node)[0];
        let result = match some {
            true => visit_with(self.arena, inner, None, |walker| visitor.visit_some(walker)),
            false => visitor.visit_none(),
        };
        Self::done(self.arena, node, result)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let node = self.node::<V>(Kind::UnitStruct, name, 0)?;
        Self::done(self.arena, node, visitor.visit_unit())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let node = self.node::<V>(Kind::NewtypeStruct, name, 1)?;
        let inner = self.arena.parts(node)[0];
        let result = visit_with(self.arena, inner, Some(Label::Index(0)), |walker| {
            visitor.visit_newtype_struct(walker)
        });
        Self::done(self.arena, node, result)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Fault> {
        let node = self.node::<V>(Kind::Seq, "", 1)?;
        let count = self.elements(node);
        let slots = vec![self.arena.parts(node)[0]; count];
        let result = visitor.visit_seq(Slots { arena: self.arena, slots, next: 0, element: true });
        Self::done(self.arena, node, result)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Fault> {
        let node = self.node::<V>(Kind::Map, "", 2)?;
        let left = self.elements(node);
        let [key, value] = [self.arena.parts(node)[0], self.arena.parts(node)[1]];
        let result = visitor.visit_map(Entries { arena: self.arena, key, value, left });
        Self::done(self.arena, node, result)
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        let node = self.node::<V>(Kind::Tuple, "", len)?;
        let slots = self.arena.parts(node).to_vec();
        let result = visitor.visit_seq(Slots { arena: self.arena, slots, next: 0, element: false });
        Self::done(self.arena, node, result)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let node = self.node::<V>(Kind::TupleStruct, name, len)?;
        let slots = self.arena.parts(node).to_vec();
        let result = visitor.visit_seq(Slots { arena: self.arena, slots, next: 0, element: false });
        Self::done(self.arena, node, result)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == "RangeInclusive" && type_name::<V>().starts_with("serde") {
            return Err(self.arena.untraceable(
                "it is or holds a `RangeInclusive`, which serde writes without saying whether it was iterated to its \
                 end: it would give its last item again. Save its bounds, and make the range where it is used; or write \
                 `#[serde(with = \"durable::inclusive_range\")]` at a field of yours",
            ));
        }
        let key = Key { kind: Kind::Struct, visitor: type_name::<V>(), name, parts: names, len: 0 };
        let node = self.named(key, 0)?;
        let result = fields::visit_fields(self.arena, Place::Struct(node), node, visitor);
        Self::done(self.arena, node, result)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let key = Key { kind: Kind::Enum, visitor: type_name::<V>(), name, parts: names, len: 0 };
        let node = self.named(key, 0)?;
        let result = variants::visit_variants(self.arena, node, visitor);
        Self::done(self.arena, node, result)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(self.arena.untraceable(
            "it asks the format what comes next (`deserialize_any`: an untagged or internally tagged enum, \
             `serde_json::Value`, ...), and postcard cannot tell, so it cannot be read back. Use serde's default \
             enum form, or keep it as a `String` or bytes",
        ))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(self.arena.untraceable(
            "it reads names from the data (`#[serde(flatten)]`, an adjacently tagged enum, ...), and postcard does \
             not write them, so it cannot be read back. Make the flattened part an ordinary field, or use serde's \
             default enum form",
        ))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        if fields::is_past_the_end(self.arena, self.slot) {
            return Err(Fault::Handled);
        }
        Err(self.arena.untraceable(
            "it skips data of unknown shape (`IgnoredAny`), and postcard cannot tell where that ends, so it cannot \
             be read back. Give the field its real type, or mark it `#[serde(skip)]`",
        ))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Elements of a sequence or a tuple.
pub(super) struct Slots<'t> {
    pub(super) arena: &'t mut Arena,
    pub(super) slots: Vec<SlotId>,
    pub(super) next: usize,
    pub(super) element: bool,
}

impl<'de> SeqAccess<'de> for Slots<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(slot) = self.slots.get(self.next).copied() else { return Ok(None) };
        let label = if self.element { Label::Element } else { Label::Index(self.next) };
        self.next += 1;
        visit_slot(self.arena, slot, Some(label), seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.slots.len() - self.next)
    }
}

struct Entries<'t> {
    arena: &'t mut Arena,
    key: SlotId,
    value: SlotId,
    left: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        visit_slot(self.arena, self.key, Some(Label::Key), seed).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        visit_slot(self.arena, self.value, Some(Label::Value), seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
