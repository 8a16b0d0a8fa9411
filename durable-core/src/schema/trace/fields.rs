//! Named fields: read in order as postcard does, or by key where that shows more.
//!
//! In order is the rule. A field that refuses every sample hides the ones after it; then the rest is asked
//! for by number, as a map with any order of keys. And where serde lists more names than there are fields,
//! the surplus are aliases: fields are then given by name until each name has said which field it means.

use std::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::arena::{Arena, Label, NodeId, Place, SlotId};
use super::walk::{Fault, visit_slot};

/// Reads the fields of a struct or of a struct variant.
pub(super) fn visit_fields<'de, V: Visitor<'de>>(
    arena: &mut Arena,
    place: Place,
    node: NodeId,
    visitor: V,
) -> Result<V::Value, Fault> {
    match plan(arena, place, node) {
        Plan::InOrder => in_order(arena, place, visitor),
        Plan::Unseen => unseen(arena, place, visitor),
        Plan::Only(wanted) => {
            let keys = Keys { arena, place, wanted, next: 0, key_read: false, current: 0 };
            match visitor.visit_map(keys) {
                Ok(_) | Err(Fault::Custom(_) | Fault::Type(_) | Fault::Duplicate(_)) => Err(Fault::Stop),
                Err(fault) => Err(fault),
            }
        }
        Plan::Labels => labels(arena, place, visitor),
    }
}

/// Whether `slot` was made for a field number that turned out to be one too many. Notes that the fields are
/// all seen.
pub(super) fn is_past_the_end(arena: &mut Arena, slot: SlotId) -> bool {
    match arena.past_end.take() {
        Some((place, made)) if made == slot => {
            let fields = arena.fields_mut(place);
            fields.slots.pop();
            fields.complete = true;
            arena.learned += 1;
            true
        }
        _ => false,
    }
}

enum Plan {
    InOrder,
    /// By number, from the first unseen field on.
    Unseen,
    /// By number, these fields.
    Only(Vec<usize>),
    /// By name, to resolve aliases.
    Labels,
}

fn plan(arena: &Arena, place: Place, node: NodeId) -> Plan {
    let fields = arena.fields(place);
    if arena.nodes[node].active > 1 || fields.blocked {
        return Plan::InOrder;
    }
    let stuck = fields.slots.iter().any(|slot| arena.is_stuck(*slot));
    if stuck && !fields.complete {
        return Plan::Unseen;
    }
    if fields.complete && fields.labels.len() != fields.slots.len() {
        return Plan::Labels;
    }
    let wanted: Vec<_> = (0..fields.slots.len()).filter(|index| arena.wants(fields.slots[*index])).collect();
    if stuck && !wanted.is_empty() { Plan::Only(wanted) } else { Plan::InOrder }
}

fn in_order<'de, V: Visitor<'de>>(arena: &mut Arena, place: Place, visitor: V) -> Result<V::Value, Fault> {
    let value = visitor.visit_seq(InOrder { arena: &mut *arena, place, next: 0 })?;
    complete(arena, place);
    Ok(value)
}

fn complete(arena: &mut Arena, place: Place) {
    let fields = arena.fields_mut(place);
    if !fields.complete {
        fields.complete = true;
        arena.learned += 1;
    }
}

fn block(arena: &mut Arena, place: Place) {
    let fields = arena.fields_mut(place);
    if !fields.blocked {
        fields.blocked = true;
        arena.learned += 1;
    }
}

/// The slot of field `index`, made if this is the first time it is asked for.
fn slot_of(arena: &mut Arena, place: Place, index: usize) -> Result<SlotId, Fault> {
    if let Some(slot) = arena.fields(place).slots.get(index) {
        return Ok(*slot);
    }
    let slot = arena.add_slot()?;
    arena.fields_mut(place).slots.push(slot);
    arena.learned += 1;
    Ok(slot)
}

struct InOrder<'t> {
    arena: &'t mut Arena,
    place: Place,
    next: usize,
}

impl<'de> SeqAccess<'de> for InOrder<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(name) = self.arena.fields(self.place).names.get(self.next).copied() else { return Ok(None) };
        let slot = slot_of(self.arena, self.place, self.next)?;
        self.next += 1;
        if self.next == self.arena.fields(self.place).names.len() {
            complete(self.arena, self.place);
        }
        visit_slot(self.arena, slot, Some(Label::Field(name)), seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.arena.fields(self.place).names.len() - self.next)
    }
}

/// Asks for the first unseen field by its number. One at a time: the value of each round is thrown away.
fn unseen<'de, V: Visitor<'de>>(arena: &mut Arena, place: Place, visitor: V) -> Result<V::Value, Fault> {
    let index = arena.fields(place).slots.len();
    if index == arena.fields(place).names.len() {
        complete(arena, place);
        return Err(Fault::Stop);
    }
    let before = arena.learned;
    let mut key_read = false;
    let keys = UnseenKey { arena: &mut *arena, place, index, key_read: &mut key_read };
    match visitor.visit_map(keys) {
        Err(fault @ (Fault::Handled | Fault::Stop)) => return Err(fault),
        Err(Fault::Type(_)) if key_read && !arena.fields(place).by_name => {
            arena.fields_mut(place).by_name = true;
            arena.learned += 1;
        }
        // The visitor knows no field of this number, and says so (`deny_unknown_fields`).
        Err(Fault::Custom(_)) if key_read && arena.learned == before => complete(arena, place),
        _ if arena.learned == before => block(arena, place),
        _ => {}
    }
    Err(Fault::Stop)
}

struct UnseenKey<'t> {
    arena: &'t mut Arena,
    place: Place,
    index: usize,
    key_read: &'t mut bool,
}

impl<'de> MapAccess<'de> for UnseenKey<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        if std::mem::replace(self.key_read, true) {
            return Err(Fault::Stop);
        }
        key(self.arena, self.place, self.index, seed).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let slot = slot_of(self.arena, self.place, self.index)?;
        self.arena.past_end = Some((self.place, slot));
        let name = self.arena.fields(self.place).names[self.index];
        let result = visit_slot(self.arena, slot, Some(Label::Field(name)), seed);
        self.arena.past_end = None;
        result
    }
}

fn key<'de, K: DeserializeSeed<'de>>(
    arena: &Arena,
    place: Place,
    index: usize,
    seed: K,
) -> Result<K::Value, Fault> {
    let fields = arena.fields(place);
    if fields.by_name {
        let name: de::value::StrDeserializer<'_, Fault> = fields.names[index].into_deserializer();
        seed.deserialize(name)
    } else {
        let number: de::value::U64Deserializer<Fault> = (index as u64).into_deserializer();
        seed.deserialize(number)
    }
}

/// Gives the wanted fields only; the round ends there.
struct Keys<'t> {
    arena: &'t mut Arena,
    place: Place,
    wanted: Vec<usize>,
    next: usize,
    key_read: bool,
    current: usize,
}

impl<'de> MapAccess<'de> for Keys<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(index) = self.wanted.get(self.next).copied() else { return Err(Fault::Stop) };
        self.next += 1;
        self.current = index;
        match key(self.arena, self.place, index, seed) {
            Err(Fault::Type(_)) if !self.key_read && !self.arena.fields(self.place).by_name => {
                self.arena.fields_mut(self.place).by_name = true;
                self.arena.learned += 1;
                Err(Fault::Stop)
            }
            result => {
                self.key_read = true;
                result.map(Some)
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let slot = slot_of(self.arena, self.place, self.current)?;
        let label = self.arena.fields(self.place).names.get(self.current).map(|name| Label::Field(name));
        visit_slot(self.arena, slot, label, seed)
    }
}

/// Gives every field by name. A name that repeats a field is its alias, and the error says the field's own name.
fn labels<'de, V: Visitor<'de>>(arena: &mut Arena, place: Place, visitor: V) -> Result<V::Value, Fault> {
    let mut given = 0;
    let before = arena.learned;
    let result = visitor.visit_map(ByLabel { arena: &mut *arena, place, given: &mut given });
    match result {
        Err(Fault::Duplicate(own)) if given >= 2 => {
            // Serde lists the names of one field side by side, so the repeated field is the one before.
            let labels = &mut arena.fields_mut(place).labels;
            labels.remove(given - 1);
            labels[given - 2] = own;
            arena.learned += 1;
            Err(Fault::Stop)
        }
        Err(fault @ (Fault::Handled | Fault::Stop)) if arena.learned != before => Err(fault),
        _ => {
            block(arena, place);
            Err(Fault::Stop)
        }
    }
}

struct ByLabel<'t> {
    arena: &'t mut Arena,
    place: Place,
    given: &'t mut usize,
}

impl<'de> MapAccess<'de> for ByLabel<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(name) = self.arena.fields(self.place).labels.get(*self.given) else { return Ok(None) };
        *self.given += 1;
        let name: de::value::StrDeserializer<'_, Fault> = (*name).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let index = *self.given - 1;
        let (label, slot) = {
            let fields = self.arena.fields(self.place);
            (fields.labels[index], fields.slots.get(index).copied())
        };
        // More names than fields without a repetition: these are no aliases.
        let slot = slot.ok_or_else(|| <Fault as de::Error>::custom(Surplus))?;
        visit_slot(self.arena, slot, Some(Label::Field(label)), seed)
    }
}

struct Surplus;

impl fmt::Display for Surplus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name without a field")
    }
}
