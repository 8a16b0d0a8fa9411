//! What goes from block to block of a drive function: the locals that are alive between them, each in a slot of its own.
//!
//! A block takes out what its code mentions, and gives back what is needed further on. Everything else stays where it is, and so
//! costs the block nothing: neither code, nor room in its future, nor the compiler's time. Which fields an await point saves is
//! data, not code.

use crate::{
    BoxFuture, Context, Point, Saver, Witness,
    awaitable::At,
    context::Resume,
    durable::{Traced as _, Witnesses, save},
    saved_type::SavedType,
    workflow::Describe,
};
use std::fmt;

/// The locals between blocks, and which block comes next.
///
/// What it does is done in functions that are compiled here, once, and not in each crate for each workflow.
pub struct Frame<'a, B, L> {
    /// How its code awaits, and leaves its blocks.
    pub at: At<'a>,
    saved: &'static [&'static [usize]],
    next: Option<B>,
    /// A struct of [`Slot`]s, or of such structs.
    pub locals: L,
}

impl<'a, B, L: Slots> Frame<'a, B, L> {
    /// Before the first block. `saved`: the numbers of the slots that each await point saves, in the order of its fields.
    pub fn new(cx: &'a Context, saved: &'static [&'static [usize]], locals: L) -> Self {
        Self { at: At::new(cx), saved, next: None, locals }
    }

    /// Chooses the block to go to.
    #[inline]
    pub fn choose(&mut self, block: B) {
        self.next = Some(block);
    }

    /// The block to go to, if one was chosen.
    #[inline]
    pub fn chosen(&mut self) -> Option<B> {
        self.next.take()
    }

    /// Encodes what an await point saves. Its locals are all there when its block begins.
    #[inline(never)]
    pub fn save(&mut self, point: usize) {
        self.at.arrive(point, save_slots(&mut self.locals, self.saved[point]));
    }

    /// Goes on where a snapshot stands. If it cannot be read, the execution is set aside, and no block comes next.
    pub fn resume(&mut self, resume: &Resume<'_>, blocks: &[B])
    where
        B: Copy,
    {
        self.next = load_slots(&mut self.locals, self.saved, resume).then(|| blocks[resume.point()]);
    }

    /// Says what each await point saves.
    pub fn describe(&mut self, describe: &mut Describe, points: &[Point]) {
        describe_slots(&mut self.locals, self.saved, describe, points);
    }
}

fn save_slots(slots: &mut dyn Slots, numbers: &[usize]) -> Saver {
    let mut saver = Saver::new();
    for number in numbers {
        slots.slot(*number).save(&mut saver);
    }
    saver
}

fn load_slots(slots: &mut dyn Slots, saved: &[&'static [usize]], resume: &Resume<'_>) -> bool {
    let Some(numbers) = saved.get(resume.point()) else { return false };
    resume.load(Loaded { slots, numbers }).is_some()
}

fn describe_slots(
    slots: &mut dyn Slots,
    saved: &[&'static [usize]],
    describe: &mut Describe,
    points: &[Point],
) {
    let mut points = points.iter().zip(saved.iter().copied());
    describe.locals(&mut |number| slots.slot(number).saved_type(), &mut points);
}

/// A block of a drive function: a box of its own, because each is of another type.
#[inline(never)]
pub fn boxed<'a, F>(block: F) -> BoxFuture<'a, F::Output>
where
    F: Future + Send + 'a,
{
    Box::pin(block)
}

impl<B, L> fmt::Debug for Frame<'_, B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").finish_non_exhaustive()
    }
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
    #[inline(never)]
    pub fn take(&mut self) -> T {
        match self.value.take() {
            Some(value) => value,
            None => lost(),
        }
    }

    /// Takes the value from a block.
    #[inline(never)]
    pub fn put(&mut self, value: T) {
        self.value = Some(value);
    }

    /// Drops a value that is not needed any more.
    #[inline(never)]
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
    /// Its type.
    fn saved_type(&self) -> &'static SavedType;
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
        witness.load_into(bytes, &mut self.value)
    }

    fn saved_type(&self) -> &'static SavedType {
        self.witness.as_ref().unwrap_or_else(|| lost()).saved_type()
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
struct Loaded<'a> {
    slots: &'a mut dyn Slots,
    numbers: &'static [usize],
}

impl Witnesses for Loaded<'_> {
    type Values = ();

    fn load(self, bytes: &mut &[u8]) -> postcard::Result<()> {
        self.numbers.iter().try_for_each(|number| self.slots.slot(*number).load(bytes))
    }
}
