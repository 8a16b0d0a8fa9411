//! What is known of a type so far, as a graph: slots are places, nodes are types with parts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::samples::ROUNDS_PER_SLOT;
use super::walk::Fault;
use super::{Schema, TraceError};
use crate::schema::{SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX};

pub(super) type SlotId = usize;
pub(super) type NodeId = usize;

/// The slot of the traced type itself.
pub(super) const ROOT: SlotId = 0;
/// Parts visited in a round before it is cut off.
const STEPS_MAX: usize = 1 << 17;

/// A place in a type: the root, a field, an element.
pub(super) struct Slot {
    pub(super) shape: Shape,
    /// Which sample is handed out; grows when the place refuses its value.
    profile: usize,
    /// Set once every sample was refused: what was said to the last.
    pub(super) refused: Option<String>,
}

#[derive(Clone, PartialEq)]
pub(super) enum Shape {
    Unknown,
    Scalar(Schema),
    Node(NodeId),
}

/// What a type with parts asked of the deserializer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Option,
    Seq,
    Map,
    Tuple,
    UnitStruct,
    NewtypeStruct,
    TupleStruct,
    Struct,
    Enum,
}

/// The identity of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: Kind,
    /// The visitor's type name.
    pub(super) visitor: &'static str,
    pub(super) name: &'static str,
    /// Names of fields or variants.
    pub(super) parts: &'static [&'static str],
    pub(super) len: usize,
}

pub(super) struct Node {
    pub(super) key: Key,
    pub(super) body: Body,
    /// How many visits of it are under way: above one it is inside itself.
    pub(super) active: usize,
}

pub(super) enum Body {
    /// Option, sequence, newtype: one part. Tuples: their elements. A map: key and value. A unit: none.
    Parts(Vec<SlotId>),
    Struct(Fields),
    Enum(Variants),
}

/// Named fields of a struct or a struct variant.
pub(super) struct Fields {
    /// The names serde gives, aliases among them.
    pub(super) names: &'static [&'static str],
    /// The fields in the order of the bytes, as far as seen.
    pub(super) slots: Vec<SlotId>,
    /// No field is unseen.
    pub(super) complete: bool,
    /// Fields or names that are still unseen cannot be seen.
    pub(super) blocked: bool,
    /// The visitor takes fields by name only, not by number.
    pub(super) by_name: bool,
    /// Per field, the name it is known by; more than the fields while aliases are unresolved.
    pub(super) labels: Vec<&'static str>,
}

pub(super) struct Variants {
    pub(super) list: Vec<Variant>,
    /// Per name, the key it gave, once aliases made it necessary to ask.
    pub(super) probes: Vec<Option<String>>,
}

pub(super) struct Variant {
    pub(super) state: Seen,
    /// The key its number gave.
    pub(super) discriminant: Option<String>,
    pub(super) profile: usize,
    pub(super) refused: bool,
    /// A value of it was accepted before.
    pub(super) accepted: bool,
}

pub(super) enum Seen {
    Not,
    /// A number serde knows no variant for: the names beyond were aliases.
    Absent,
    Unreadable,
    Unit,
    Newtype(SlotId),
    Tuple(Vec<SlotId>),
    Struct(Fields),
}

/// Where named fields are.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Struct(NodeId),
    Variant(NodeId, usize),
}

pub(super) struct Arena {
    root: &'static str,
    pub(super) slots: Vec<Slot>,
    pub(super) nodes: Vec<Node>,
    ids: BTreeMap<Key, NodeId>,
    /// Grows with everything learned.
    pub(super) learned: u64,
    pub(super) fatal: Option<TraceError>,
    /// Labels from the root to where the walk is.
    pub(super) path: Vec<Label>,
    /// The slots being visited.
    pub(super) stack: Vec<SlotId>,
    /// Samples asked for by all the places being visited.
    pub(super) profile: usize,
    pub(super) steps: usize,
    /// Where a round was cut off for depth.
    pub(super) deepest: Option<String>,
    /// Where a round was cut off for length.
    pub(super) longest: Option<String>,
    pub(super) last_refusal: Option<String>,
    pub(super) round_began: u64,
    /// Per node, as the round began: the distance to something unseen.
    pub(super) distances: Vec<u32>,
    /// Per node, as the round began: no value of it is accepted.
    pub(super) stuck: Vec<bool>,
    /// Per node, the height of its smallest value, and when that was computed.
    pub(super) heights: Vec<u32>,
    pub(super) heights_at: Option<u64>,
    /// A field number that may be one too many, and the slot made for it.
    pub(super) past_end: Option<(Place, SlotId)>,
}

#[derive(Clone, Copy)]
pub(super) enum Label {
    Field(&'static str),
    Index(usize),
    Variant(&'static str),
    Element,
    Key,
    Value,
}

impl Arena {
    pub(super) fn new(root: &'static str) -> Self {
        let slot = Slot { shape: Shape::Unknown, profile: 0, refused: None };
        Arena {
            root,
            slots: vec![slot],
            nodes: Vec::new(),
            ids: BTreeMap::new(),
            learned: 0,
            fatal: None,
            path: Vec::new(),
            stack: Vec::new(),
            profile: 0,
            steps: 0,
            deepest: None,
            longest: None,
            last_refusal: None,
            round_began: 0,
            distances: Vec::new(),
            stuck: Vec::new(),
            heights: Vec::new(),
            heights_at: None,
            past_end: None,
        }
    }

    /// Begins the visit of a slot. Its end is [`Arena::leave`]; a failed round needs none.
    pub(super) fn enter(&mut self, slot: SlotId) -> Result<(), Fault> {
        self.steps += 1;
        if self.stack.len() >= SCHEMA_DEPTH_MAX {
            self.deepest = Some(self.path_text());
            return Err(Fault::Stop);
        }
        if self.steps > STEPS_MAX {
            self.longest.get_or_insert_with(|| path_text(self.root, &self.path));
            return Err(Fault::Stop);
        }
        self.stack.push(slot);
        self.profile += self.slots[slot].profile;
        Ok(())
    }

    pub(super) fn leave(&mut self, slot: SlotId) {
        self.stack.pop();
        self.profile -= self.slots[slot].profile;
    }

    /// A visitor refused what this slot gave. The next round gives it another sample; but a round that
    /// learned something is not held against anyone, because it went out of its way to learn.
    pub(super) fn blame(&mut self, slot: SlotId, message: String) {
        self.last_refusal = Some(message.clone());
        if self.learned != self.round_began {
            return;
        }
        let blamed = &mut self.slots[slot];
        if blamed.profile + 1 < ROUNDS_PER_SLOT {
            blamed.profile += 1;
            self.learned += 1;
        } else if blamed.refused.is_none() {
            blamed.refused = Some(message);
            self.learned += 1;
        }
    }

    /// As [`Arena::blame`], of a variant as a whole.
    pub(super) fn blame_variant(&mut self, node: NodeId, index: usize, message: String) {
        self.last_refusal = Some(message);
        if self.learned != self.round_began {
            return;
        }
        let variant = &mut self.variants_mut(node).list[index];
        if variant.profile + 1 < ROUNDS_PER_SLOT {
            variant.profile += 1;
        } else if !variant.refused {
            variant.refused = true;
        } else {
            return;
        }
        self.learned += 1;
    }

    /// Ends tracing with an error.
    pub(super) fn fail(&mut self, error: TraceError) -> Fault {
        self.fatal.get_or_insert(error);
        Fault::Handled
    }

    pub(super) fn untraceable(&mut self, reason: &'static str) -> Fault {
        let path = self.path_text();
        self.fail(TraceError::Untraceable { path, reason })
    }

    /// Notes that a slot holds a scalar.
    pub(super) fn observe_scalar(&mut self, slot: SlotId, scalar: Schema) -> Result<(), Fault> {
        self.observe(slot, Shape::Scalar(scalar))
    }

    /// Notes that a slot holds a type with parts, and finds or makes its node. `parts` are the parts known
    /// beforehand; a struct's fields come as they are asked for.
    pub(super) fn observe_node(&mut self, slot: SlotId, key: Key, parts: usize) -> Result<NodeId, Fault> {
        let id = match self.ids.get(&key) {
            Some(id) => *id,
            None => self.add_node(key, parts)?,
        };
        self.observe(slot, Shape::Node(id))?;
        Ok(id)
    }

    fn observe(&mut self, slot: SlotId, shape: Shape) -> Result<(), Fault> {
        let known = &self.slots[slot].shape;
        if *known == Shape::Unknown {
            self.slots[slot].shape = shape;
            self.learned += 1;
        } else if *known != shape {
            let error = TraceError::TwoShapes {
                path: self.path_text(),
                first: self.shape_text(known),
                second: self.shape_text(&shape),
            };
            return Err(self.fail(error));
        }
        Ok(())
    }

    fn add_node(&mut self, key: Key, parts: usize) -> Result<NodeId, Fault> {
        let body = match key.kind {
            Kind::Struct => Body::Struct(Fields::new(key.parts)),
            Kind::Enum => Body::Enum(Variants {
                list: key.parts.iter().map(|_| Variant::new()).collect(),
                probes: vec![None; key.parts.len()],
            }),
            _ => Body::Parts((0..parts).map(|_| self.add_slot()).collect::<Result<_, _>>()?),
        };
        let id = self.nodes.len();
        self.nodes.push(Node { key, body, active: 0 });
        self.ids.insert(key, id);
        self.learned += 1;
        Ok(id)
    }

    pub(super) fn add_slot(&mut self) -> Result<SlotId, Fault> {
        if self.slots.len() >= SCHEMA_NODES_MAX {
            let path = self.path_text();
            return Err(self.fail(TraceError::TooLarge { path, max: SCHEMA_NODES_MAX }));
        }
        self.slots.push(Slot { shape: Shape::Unknown, profile: 0, refused: None });
        Ok(self.slots.len() - 1)
    }

    pub(super) fn parts(&self, node: NodeId) -> &[SlotId] {
        match &self.nodes[node].body {
            Body::Parts(parts) => parts,
            // The kind is part of the key, so a node looked up as one with plain parts is one.
            Body::Struct(_) | Body::Enum(_) => &[],
        }
    }

    pub(super) fn variants(&self, node: NodeId) -> &Variants {
        match &self.nodes[node].body {
            Body::Enum(variants) => variants,
            _ => unreachable!("an enum's key leads to an enum"),
        }
    }

    pub(super) fn variants_mut(&mut self, node: NodeId) -> &mut Variants {
        match &mut self.nodes[node].body {
            Body::Enum(variants) => variants,
            _ => unreachable!("an enum's key leads to an enum"),
        }
    }

    pub(super) fn fields(&self, place: Place) -> &Fields {
        match (place, place.node_of(self)) {
            (Place::Struct(_), Body::Struct(fields)) => fields,
            (Place::Variant(_, index), Body::Enum(variants)) => match &variants.list[index].state {
                Seen::Struct(fields) => fields,
                _ => unreachable!("a struct variant was noted before its fields are read"),
            },
            _ => unreachable!("a struct's key leads to a struct"),
        }
    }

    pub(super) fn fields_mut(&mut self, place: Place) -> &mut Fields {
        let (Place::Struct(node) | Place::Variant(node, _)) = place;
        match (place, &mut self.nodes[node].body) {
            (Place::Struct(_), Body::Struct(fields)) => fields,
            (Place::Variant(_, index), Body::Enum(variants)) => match &mut variants.list[index].state {
                Seen::Struct(fields) => fields,
                _ => unreachable!("a struct variant was noted before its fields are read"),
            },
            _ => unreachable!("a struct's key leads to a struct"),
        }
    }

    pub(super) fn path_text(&self) -> String {
        path_text(self.root, &self.path)
    }

    pub(super) fn root_name(&self) -> &'static str {
        self.root
    }

    fn shape_text(&self, shape: &Shape) -> String {
        match shape {
            Shape::Unknown => "nothing".to_owned(),
            Shape::Scalar(scalar) => format!("{scalar:?}"),
            Shape::Node(node) => match self.nodes[*node].key {
                Key { name: "", kind, .. } => format!("{kind:?}"),
                Key { name, kind, .. } => format!("{kind:?} {name}"),
            },
        }
    }
}

/// `Order.lines[].price`
pub(super) fn path_text(root: &str, path: &[Label]) -> String {
    let mut text = root.to_owned();
    for label in path {
        // Writing to a String cannot fail.
        let _ = match label {
            Label::Field(name) => write!(text, ".{name}"),
            Label::Index(index) => write!(text, ".{index}"),
            Label::Variant(name) => write!(text, "::{name}"),
            Label::Element => write!(text, "[]"),
            Label::Key => write!(text, "[key]"),
            Label::Value => write!(text, "[value]"),
        };
    }
    text
}

impl Place {
    fn node_of(self, arena: &Arena) -> &Body {
        let (Place::Struct(node) | Place::Variant(node, _)) = self;
        &arena.nodes[node].body
    }
}

impl Fields {
    pub(super) fn new(names: &'static [&'static str]) -> Self {
        Fields {
            names,
            slots: Vec::new(),
            complete: names.is_empty(),
            blocked: false,
            by_name: false,
            labels: names.to_vec(),
        }
    }
}

impl Variants {
    /// The next name to ask for its key, if aliases make the names more than the variants.
    pub(super) fn next_probe(&self) -> Option<usize> {
        let absent = self.list.iter().any(|variant| matches!(variant.state, Seen::Absent));
        if absent { self.probes.iter().position(Option::is_none) } else { None }
    }
}

impl Variant {
    fn new() -> Self {
        Variant { state: Seen::Not, discriminant: None, profile: 0, refused: false, accepted: false }
    }
}

impl Seen {
    /// The slots of the payload.
    pub(super) fn slots(&self) -> Vec<SlotId> {
        match self {
            Seen::Not | Seen::Absent | Seen::Unreadable | Seen::Unit => Vec::new(),
            Seen::Newtype(slot) => vec![*slot],
            Seen::Tuple(slots) => slots.clone(),
            Seen::Struct(fields) => fields.slots.clone(),
        }
    }
}
