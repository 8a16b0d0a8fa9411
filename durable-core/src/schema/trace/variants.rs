//! Enums: which variant to show in this visit, and what each carries.

use std::any::type_name;
use std::mem::discriminant;

use serde::de::{self, DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

use super::TraceError;
use super::arena::{Arena, Fields, Label, NodeId, Place, Seen, SlotId};
use super::fields::visit_fields;
use super::plan::FAR;
use super::walk::{Fault, Slots, visit_slot};

/// Shows the visitor one variant.
pub(super) fn visit_variants<'de, V: Visitor<'de>>(
    arena: &mut Arena,
    node: NodeId,
    visitor: V,
) -> Result<V::Value, Fault> {
    let pick = choose(arena, node).ok_or(Fault::Stop)?;
    let path_len = arena.path.len();
    let name = arena.nodes[node].key.parts[pick.position()];
    arena.path.push(Label::Variant(name));
    let result = visitor.visit_enum(Chosen { arena: &mut *arena, node, pick });
    let Pick::Number(index) = pick else { return Err(Fault::Stop) };
    match result {
        Ok(value) => {
            arena.path.truncate(path_len);
            arena.profile -= arena.variants(node).list[index].profile;
            arena.variants_mut(node).list[index].accepted = true;
            Ok(value)
        }
        Err(Fault::Custom(message) | Fault::Type(message)) => {
            let variant = &mut arena.variants_mut(node).list[index];
            if matches!(variant.state, Seen::Not) {
                variant.state = Seen::Unreadable;
                arena.learned += 1;
            } else {
                arena.blame_variant(node, index, message);
            }
            Err(Fault::Handled)
        }
        Err(fault) => Err(fault),
    }
}

#[derive(Clone, Copy)]
enum Pick {
    Number(usize),
    /// By name, to learn which number an alias belongs to.
    Name(usize),
}

impl Pick {
    fn position(self) -> usize {
        match self {
            Pick::Number(index) | Pick::Name(index) => index,
        }
    }
}

/// Unseen variants first; then towards something unseen; else the smallest value. Inside itself an enum
/// takes the smallest value it knows, so that recursion ends.
fn choose(arena: &mut Arena, node: NodeId) -> Option<Pick> {
    let inside_itself = arena.nodes[node].active > 1;
    let smallest = smallest(arena, node);
    if inside_itself && smallest.is_some() {
        return smallest;
    }
    let variants = arena.variants(node);
    let unseen =
        variants.list.iter().position(|variant| matches!(variant.state, Seen::Not)).map(Pick::Number);
    if arena.exploring() {
        if unseen.is_some() {
            return unseen;
        }
        if !inside_itself {
            if let Some(position) = variants.next_probe() {
                return Some(Pick::Name(position));
            }
            let towards = |index: &usize| arena.variant_distance(node, *index);
            let nearest = (0..variants.list.len()).min_by_key(towards).filter(|index| towards(index) != FAR);
            if let Some(index) = nearest {
                return Some(Pick::Number(index));
            }
        }
    }
    smallest.or(unseen)
}

fn smallest(arena: &mut Arena, node: NodeId) -> Option<Pick> {
    let mut best = None;
    for index in 0..arena.variants(node).list.len() {
        let variant = &arena.variants(node).list[index];
        let usable = match &variant.state {
            Seen::Not | Seen::Absent | Seen::Unreadable => false,
            Seen::Struct(fields) => fields.complete && !variant.refused,
            Seen::Unit | Seen::Newtype(_) | Seen::Tuple(_) => !variant.refused,
        };
        if !usable {
            continue;
        }
        let (slots, accepted) = (variant.state.slots(), variant.accepted);
        let height = arena.height_of(&slots);
        let rank = (!accepted, height, index);
        if height != FAR && best.is_none_or(|best| rank < best) {
            best = Some(rank);
        }
    }
    best.map(|(_, _, index)| Pick::Number(index))
}

struct Chosen<'t> {
    arena: &'t mut Arena,
    node: NodeId,
    pick: Pick,
}

impl<'t, 'de> EnumAccess<'de> for Chosen<'t> {
    type Error = Fault;
    type Variant = Payload<'t>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Payload<'t>), Fault> {
        let Chosen { arena, node, pick } = self;
        match pick {
            Pick::Number(index) => {
                let number: de::value::U32Deserializer<Fault> = (index as u32).into_deserializer();
                let Ok(key) = seed.deserialize(number) else {
                    absent_from(arena, node, index);
                    return Err(Fault::Handled);
                };
                note_key(arena, node, index, discriminant_text(&key))?;
                arena.profile += arena.variants(node).list[index].profile;
                Ok((key, Payload { arena, node, index }))
            }
            Pick::Name(position) => {
                let name: de::value::StrDeserializer<'_, Fault> =
                    arena.nodes[node].key.parts[position].into_deserializer();
                let text =
                    seed.deserialize(name).map_or_else(|_| String::new(), |key| discriminant_text(&key));
                arena.variants_mut(node).probes[position] = Some(text);
                arena.learned += 1;
                Err(Fault::Handled)
            }
        }
    }
}

/// Derived keys are enums; their discriminant is all that can be seen of them from here. For a key that is
/// no enum the text says nothing, and aliases then stay unresolved, which is an error.
fn discriminant_text<K>(key: &K) -> String {
    format!("{} {:?}", type_name::<K>(), discriminant(key))
}

fn absent_from(arena: &mut Arena, node: NodeId, index: usize) {
    for variant in &mut arena.variants_mut(node).list[index..] {
        if matches!(variant.state, Seen::Not) {
            variant.state = Seen::Absent;
        }
    }
    arena.learned += 1;
}

/// A number beyond the last variant is given to `#[serde(other)]`, which shows as a key known before.
fn note_key(arena: &mut Arena, node: NodeId, index: usize, text: String) -> Result<(), Fault> {
    let list = &arena.variants(node).list;
    let keys_differ = list.len() > 1 && list[0].discriminant != list[1].discriminant;
    let repeats = list[..index].iter().any(|variant| variant.discriminant.as_ref() == Some(&text));
    if index > 1 && keys_differ && repeats {
        absent_from(arena, node, index);
        return Err(Fault::Handled);
    }
    arena.variants_mut(node).list[index].discriminant = Some(text);
    Ok(())
}

/// What the visitor asks of the chosen variant.
struct Payload<'t> {
    arena: &'t mut Arena,
    node: NodeId,
    index: usize,
}

impl Payload<'_> {
    fn state(&mut self) -> &mut Seen {
        &mut self.arena.variants_mut(self.node).list[self.index].state
    }

    fn two_shapes(&mut self, second: &str) -> Fault {
        let first = match self.state() {
            Seen::Unit => "a unit variant",
            Seen::Newtype(_) => "a newtype variant",
            Seen::Tuple(_) => "a tuple variant",
            _ => "a struct variant",
        };
        let error = TraceError::TwoShapes {
            path: self.arena.path_text(),
            first: first.to_owned(),
            second: second.to_owned(),
        };
        self.arena.fail(error)
    }

    fn set(&mut self, seen: Seen) {
        *self.state() = seen;
        self.arena.learned += 1;
    }
}

impl<'de> VariantAccess<'de> for Payload<'_> {
    type Error = Fault;

    fn unit_variant(mut self) -> Result<(), Fault> {
        match self.state() {
            Seen::Unit => Ok(()),
            Seen::Not => {
                self.set(Seen::Unit);
                Ok(())
            }
            _ => Err(self.two_shapes("a unit variant")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, Fault> {
        let slot = match self.state() {
            Seen::Newtype(slot) => *slot,
            Seen::Not => {
                let slot = self.arena.add_slot()?;
                self.set(Seen::Newtype(slot));
                slot
            }
            _ => return Err(self.two_shapes("a newtype variant")),
        };
        visit_slot(self.arena, slot, Some(Label::Index(0)), seed)
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        let slots: Vec<SlotId> = match self.state() {
            Seen::Tuple(slots) if slots.len() == len => slots.clone(),
            Seen::Not => {
                let slots = (0..len).map(|_| self.arena.add_slot()).collect::<Result<Vec<_>, _>>()?;
                self.set(Seen::Tuple(slots.clone()));
                slots
            }
            _ => return Err(self.two_shapes("a tuple variant")),
        };
        visitor.visit_seq(Slots { arena: self.arena, slots, next: 0, element: false })
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.state() {
            Seen::Struct(fields) if fields.names == names => {}
            Seen::Not => self.set(Seen::Struct(Fields::new(names))),
            _ => return Err(self.two_shapes("a struct variant")),
        }
        visit_fields(self.arena, Place::Variant(self.node, self.index), self.node, visitor)
    }
}
