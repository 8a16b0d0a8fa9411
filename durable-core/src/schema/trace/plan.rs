//! Planning a round: what is unseen and how far away, what is stuck, and how a value is made smallest.

use super::arena::{Arena, Body, Fields, Kind, NodeId, ROOT, Seen, Shape, SlotId, Variant};

/// No way, or none known.
pub(super) const FAR: u32 = u32::MAX;

/// Parts visited in a round before it stops exploring and only finishes.
const STEPS_EXPLORING: usize = 1 << 14;

impl Arena {
    /// Resets the walk and plans: what is stuck, and how far each node is from something unseen.
    pub(super) fn begin_round(&mut self) {
        self.path.clear();
        self.stack.clear();
        self.profile = 0;
        self.steps = 0;
        self.past_end = None;
        self.round_began = self.learned;
        self.nodes.iter_mut().for_each(|node| node.active = 0);
        self.stuck = vec![false; self.nodes.len()];
        while self.grow_stuck() {}
        self.distances = vec![FAR; self.nodes.len()];
        while self.shrink_distances() {}
    }

    pub(super) fn is_explored(&self) -> bool {
        self.distance(ROOT) == FAR
    }

    /// Whether a round should look into this slot: something in it is unseen, and it is not being visited.
    pub(super) fn wants(&self, slot: SlotId) -> bool {
        if self.steps > STEPS_EXPLORING {
            return false;
        }
        match self.slots[slot].shape {
            Shape::Unknown => true,
            Shape::Scalar(_) => false,
            Shape::Node(node) => self.nodes[node].active == 0 && self.distance(slot) != FAR,
        }
    }

    pub(super) fn exploring(&self) -> bool {
        self.steps <= STEPS_EXPLORING
    }

    pub(super) fn distance(&self, slot: SlotId) -> u32 {
        match self.slots[slot].shape {
            Shape::Unknown => 0,
            Shape::Scalar(_) => FAR,
            // A node met first in this round counts as explored until the next one.
            Shape::Node(node) => self.distances.get(node).copied().unwrap_or(FAR).saturating_add(1),
        }
    }

    pub(super) fn is_stuck(&self, slot: SlotId) -> bool {
        let slot = &self.slots[slot];
        slot.refused.is_some()
            || matches!(slot.shape, Shape::Node(node) if self.stuck.get(node).copied().unwrap_or(false))
    }

    fn grow_stuck(&mut self) -> bool {
        let mut changed = false;
        for node in 0..self.nodes.len() {
            if !self.stuck[node] && self.node_is_stuck(node) {
                self.stuck[node] = true;
                changed = true;
            }
        }
        changed
    }

    fn node_is_stuck(&self, node: NodeId) -> bool {
        let any = |slots: &[SlotId]| slots.iter().any(|slot| self.is_stuck(*slot));
        match (&self.nodes[node].body, self.nodes[node].key.kind) {
            (_, Kind::Option | Kind::Seq | Kind::Map) => false,
            (Body::Parts(parts), _) => any(parts),
            (Body::Struct(fields), _) => any(&fields.slots),
            (Body::Enum(variants), _) => variants.list.iter().all(|variant| match &variant.state {
                Seen::Not => false,
                Seen::Absent | Seen::Unreadable => true,
                seen => variant.refused || any(&seen.slots()),
            }),
        }
    }

    fn shrink_distances(&mut self) -> bool {
        let mut changed = false;
        for node in 0..self.nodes.len() {
            let distance = self.node_distance(node);
            if distance < self.distances[node] {
                self.distances[node] = distance;
                changed = true;
            }
        }
        changed
    }

    fn node_distance(&self, node: NodeId) -> u32 {
        match &self.nodes[node].body {
            Body::Parts(parts) => self.parts_distance(parts),
            Body::Struct(fields) => self.fields_distance(fields),
            Body::Enum(variants) => {
                if variants.list.iter().any(|variant| matches!(variant.state, Seen::Not))
                    || variants.next_probe().is_some()
                {
                    return 0;
                }
                (0..variants.list.len()).map(|index| self.variant_distance(node, index)).min().unwrap_or(FAR)
            }
        }
    }

    /// The distance through one variant.
    pub(super) fn variant_distance(&self, node: NodeId, index: usize) -> u32 {
        match &self.variants(node).list[index].state {
            Seen::Struct(fields) => self.fields_distance(fields),
            seen => self.parts_distance(&seen.slots()),
        }
    }

    /// Parts in order: nothing is seen behind one that is stuck.
    fn parts_distance(&self, parts: &[SlotId]) -> u32 {
        let reachable =
            parts.iter().position(|slot| self.is_stuck(*slot)).map_or(parts.len(), |stuck| stuck + 1);
        parts[..reachable].iter().map(|slot| self.distance(*slot)).min().unwrap_or(FAR)
    }

    fn fields_distance(&self, fields: &Fields) -> u32 {
        if !fields.blocked && (!fields.complete || fields.labels.len() != fields.slots.len()) {
            return 0;
        }
        fields.slots.iter().map(|slot| self.distance(*slot)).min().unwrap_or(FAR)
    }

    /// The height of the smallest known value of the slots together, or [`FAR`].
    pub(super) fn height_of(&mut self, slots: &[SlotId]) -> u32 {
        if self.heights_at != Some(self.learned) {
            self.heights = vec![FAR; self.nodes.len()];
            while self.shrink_heights() {}
            self.heights_at = Some(self.learned);
        }
        self.height(slots)
    }

    fn height(&self, slots: &[SlotId]) -> u32 {
        let height = |slot: &SlotId| match (&self.slots[*slot].refused, &self.slots[*slot].shape) {
            (Some(_), _) | (_, Shape::Unknown) => FAR,
            (_, Shape::Scalar(_)) => 0,
            (_, Shape::Node(node)) => self.heights[*node].saturating_add(1),
        };
        slots.iter().map(height).max().unwrap_or(0)
    }

    fn shrink_heights(&mut self) -> bool {
        let mut changed = false;
        for node in 0..self.nodes.len() {
            let height = self.node_height(node);
            if height < self.heights[node] {
                self.heights[node] = height;
                changed = true;
            }
        }
        changed
    }

    fn node_height(&self, node: NodeId) -> u32 {
        match (&self.nodes[node].body, self.nodes[node].key.kind) {
            (_, Kind::Option | Kind::Seq | Kind::Map) => 0,
            (Body::Parts(parts), _) => self.height(parts),
            (Body::Struct(fields), _) if fields.complete => self.height(&fields.slots),
            (Body::Struct(_), _) => FAR,
            (Body::Enum(variants), _) => {
                variants.list.iter().map(|variant| self.variant_height(variant)).min().unwrap_or(FAR)
            }
        }
    }

    fn variant_height(&self, variant: &Variant) -> u32 {
        match &variant.state {
            Seen::Not | Seen::Absent | Seen::Unreadable => FAR,
            _ if variant.refused => FAR,
            Seen::Struct(fields) if !fields.complete => FAR,
            seen => self.height(&seen.slots()),
        }
    }
}
