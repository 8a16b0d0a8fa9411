//! What goes from block to block of a drive function: the locals that are alive between them, each in a slot of its own.
//!
//! A block takes out what its code mentions, and gives back what is needed further on. Everything else stays where it is, and so
//! costs the block nothing: neither code, nor room in its future, nor the compiler's time. Which fields an await point saves is
//! data, not code.

use crate::{
    Saver, Witness,
    context::Resume,
    durable::{TraceFn, Witnesses, save},
    workflow::Describe,
};
use std::fmt;

/// The locals between blocks, and which block comes next.
pub struct Frame<B, L> {
    /// The block to go to, if one was chosen.
    pub next: Option<B>,
    /// A struct of [`Slot`]s, or of such structs.
    pub locals: L,
}

impl<B, L: Slots> Frame<B, L> {
    /// Before the first block.
    pub fn new(locals: L) -> Self {
        Self { next: None, locals }
    }

    /// Encodes what an await point saves. Its locals are all there when its block begins.
    pub fn save(&mut self, point: &SavedPoint<B>) -> Saver {
        let mut saver = Saver::new();
        for (_, local) in point.fields {
            self.locals.slot(*local).save(&mut saver);
        }
        saver
    }

    /// Goes on where a snapshot stands. If it cannot be read, the execution is set aside, and no block comes next.
    pub fn resume(&mut self, resume: &Resume<'_>, points: &[SavedPoint<B>])
    where
        B: Copy,
    {
        if let Some(point) = points.get(resume.point())
            && resume.load(Loaded { locals: &mut self.locals, fields: point.fields }).is_some()
        {
            self.next = Some(point.block);
        }
    }

    /// Says what each await point saves.
    pub fn describe(&mut self, describe: &mut Describe, points: &[SavedPoint<B>]) {
        let points = points.iter().map(|point| (point.name, point.fields));
        describe.locals(|local| self.locals.slot(local).trace_fn(), points);
    }
}

impl<B, L> fmt::Debug for Frame<B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").finish_non_exhaustive()
    }
}

/// What an await point saves.
#[derive(Debug)]
pub struct SavedPoint<B: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its block.
    pub block: B,
    /// The name of each field, and the number of its slot.
    pub fields: &'static [(&'static str, usize)],
}

/// One local between blocks.
pub struct Slot<T> {
    value: Option<T>,
    witness: Option<Witness<T>>,
}

impl<T> Slot<T> {
    /// Of a local that some await point saves.
    pub fn saved(witness: Witness<T>) -> Self {
        Self { value: None, witness: Some(witness) }
    }

    /// Of a local that is only passed on from block to block.
    pub fn passed() -> Self {
        Self { value: None, witness: None }
    }

    /// Gives the value to a block.
    pub fn take(&mut self) -> T {
        match self.value.take() {
            Some(value) => value,
            None => lost(),
        }
    }

    /// Takes the value from a block.
    pub fn put(&mut self, value: T) {
        self.value = Some(value);
    }

    /// Drops a value that is not needed any more.
    pub fn clear(&mut self) {
        self.value = None;
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("full", &self.value.is_some()).finish_non_exhaustive()
    }
}

/// Every way into a block gives what the block takes: the macro makes both from the same list.
#[cold]
fn lost() -> ! {
    panic!("a local was lost between two blocks: this is a bug in durable, please report it")
}

/// A slot whose type is forgotten.
pub trait AnySlot {
    /// Adds the value to a snapshot.
    fn save(&self, saver: &mut Saver);
    /// Reads the value from the front of `bytes`.
    fn load(&mut self, bytes: &mut &[u8]) -> postcard::Result<()>;
    /// How to trace its type.
    fn trace_fn(&self) -> TraceFn;
}

impl<T> AnySlot for Slot<T> {
    fn save(&self, saver: &mut Saver) {
        match (&self.witness, &self.value) {
            (Some(witness), Some(value)) => save(saver, witness, value),
            _ => lost(),
        }
    }

    fn load(&mut self, bytes: &mut &[u8]) -> postcard::Result<()> {
        let witness = self.witness.as_ref().unwrap_or_else(|| lost());
        self.value = Some(witness.load(bytes)?);
        Ok(())
    }

    fn trace_fn(&self) -> TraceFn {
        self.witness.as_ref().unwrap_or_else(|| lost()).traced()
    }
}

/// Slots by number. Generated code implements it for its structs.
pub trait Slots {
    /// The slot of this number.
    fn slot(&mut self, number: usize) -> &mut dyn AnySlot;
}

/// What an implementation of [`Slots`] says of a number that it does not know.
#[cold]
pub fn no_slot() -> ! {
    lost()
}

/// Reads the fields of an await point into their slots.
struct Loaded<'a, L> {
    locals: &'a mut L,
    fields: &'static [(&'static str, usize)],
}

impl<L: Slots> Witnesses for Loaded<'_, L> {
    type Values = ();

    fn load(self, bytes: &mut &[u8]) -> postcard::Result<()> {
        self.fields.iter().try_for_each(|(_, local)| self.locals.slot(*local).load(bytes))
    }
}
