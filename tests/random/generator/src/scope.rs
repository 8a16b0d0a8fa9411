//! Which locals there are, what they are called, and what may be done with them: rustc's rules, a little stricter.
//!
//! A borrow that is never used again holds nothing. So borrows end when their owner is used in a way they forbid: the
//! borrow is *dead* from then on, and not used any more. One made outside the innermost loop cannot end in it, as the next
//! round may use it.

use crate::types::Ty;

/// What the expression around does not allow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Lock {
    None,
    /// It is borrowed: no change, no move.
    Steady,
    /// It is borrowed exclusively.
    Untouchable,
}

/// A borrow of another local.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) owner: usize,
    pub(crate) exclusive: bool,
}

/// A local.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// Empty for one that no code can name: what a loop borrows.
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) mutable: bool,
    /// Moved away, or not yet assigned.
    pub(crate) gone: bool,
    pub(crate) lock: Lock,
    /// Loops around its declaration.
    pub(crate) loops: usize,
    /// It is a reference.
    pub(crate) hold: Option<Hold>,
    /// A borrow that is over.
    pub(crate) dead: bool,
}

/// All locals in scope, innermost last.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) locals: Vec<Local>,
    /// Loops around.
    pub(crate) loops: usize,
}

impl Scope {
    pub(crate) fn declare(&mut self, name: &str, ty: Ty, mutable: bool) -> usize {
        self.locals.push(Local {
            name: name.to_owned(),
            ty,
            mutable,
            gone: false,
            lock: Lock::None,
            loops: self.loops,
            hold: None,
            dead: false,
        });
        self.locals.len() - 1
    }

    pub(crate) fn declare_borrow(&mut self, name: &str, ty: Ty, owner: usize, exclusive: bool) -> usize {
        let at = self.declare(name, ty, false);
        self.locals[at].hold = Some(Hold { owner, exclusive });
        at
    }

    fn is_visible(&self, at: usize) -> bool {
        let name = &self.locals[at].name;
        !name.is_empty() && self.locals.iter().rposition(|local| local.name == *name) == Some(at)
    }

    fn holders(&self, owner: usize) -> impl Iterator<Item = usize> {
        let held = move |local: &Local| !local.dead && local.hold.is_some_and(|hold| hold.owner == owner);
        (0..self.locals.len()).filter(move |at| held(&self.locals[*at]))
    }

    fn can_end(&self, holder: usize) -> bool {
        let holder = &self.locals[holder];
        holder.loops == self.loops && holder.lock == Lock::None && !holder.name.is_empty()
    }

    /// Whether a local may be read, or borrowed for a moment.
    pub(crate) fn is_readable(&self, at: usize) -> bool {
        let local = &self.locals[at];
        let held = |holder: usize| self.locals[holder].hold.is_some_and(|hold| hold.exclusive);
        self.is_visible(at)
            && !local.gone
            && !local.dead
            && local.lock != Lock::Untouchable
            && self.holders(at).all(|holder| !held(holder) || self.can_end(holder))
    }

    /// Whether a local that is no reference may be changed or moved.
    fn is_free(&self, at: usize) -> bool {
        let local = &self.locals[at];
        self.is_visible(at)
            && local.hold.is_none()
            && local.lock == Lock::None
            && self.holders(at).all(|holder| self.can_end(holder))
    }

    /// Whether it may be assigned as a whole.
    pub(crate) fn is_assignable(&self, at: usize) -> bool {
        self.is_free(at) && self.locals[at].mutable
    }

    /// Whether it, or what it refers to, may be changed in place.
    pub(crate) fn is_changeable(&self, at: usize) -> bool {
        let local = &self.locals[at];
        match local.hold {
            Some(hold) => hold.exclusive && local.lock == Lock::None && self.is_readable(at),
            None => self.is_assignable(at) && !local.gone,
        }
    }

    /// Whether it may be moved away. In a loop, one from outside must be assigned again, so it must be `mut`.
    pub(crate) fn is_movable(&self, at: usize) -> bool {
        let local = &self.locals[at];
        self.is_free(at) && !local.gone && (local.loops == self.loops || local.mutable)
    }

    /// Ends the borrows that reading forbids.
    pub(crate) fn read(&mut self, at: usize) {
        let holders: Vec<_> = self.holders(at).collect();
        for holder in holders {
            self.locals[holder].dead |= self.locals[holder].hold.is_some_and(|hold| hold.exclusive);
        }
    }

    /// Ends all borrows.
    pub(crate) fn change(&mut self, at: usize) {
        if self.locals[at].hold.is_some() {
            return;
        }
        let holders: Vec<_> = self.holders(at).collect();
        holders.into_iter().for_each(|holder| self.locals[holder].dead = true);
    }

    /// The owner behind a reference.
    pub(crate) fn owner(&self, at: usize) -> usize {
        self.locals[at].hold.map_or(at, |hold| hold.owner)
    }

    /// The locals that may be read, of a type.
    pub(crate) fn readable(&self, ty: Ty) -> Vec<usize> {
        self.of_type(ty, Self::is_readable)
    }

    pub(crate) fn changeable(&self, ty: Ty) -> Vec<usize> {
        self.of_type(ty, Self::is_changeable)
    }

    pub(crate) fn assignable(&self, ty: Ty) -> Vec<usize> {
        self.of_type(ty, Self::is_assignable)
    }

    pub(crate) fn movable(&self, ty: Ty) -> Vec<usize> {
        self.of_type(ty, Self::is_movable)
    }

    fn of_type(&self, ty: Ty, allowed: impl Fn(&Self, usize) -> bool) -> Vec<usize> {
        (0..self.locals.len()).filter(|at| self.locals[*at].ty == ty && allowed(self, *at)).collect()
    }

    /// Which locals are gone.
    pub(crate) fn gone(&self) -> Vec<bool> {
        self.locals.iter().map(|local| local.gone).collect()
    }

    pub(crate) fn set_gone(&mut self, gone: &[bool]) {
        for (local, gone) in self.locals.iter_mut().zip(gone) {
            local.gone = *gone;
        }
    }
}
