//! What may be saved: the [`Durable`] trait, and the witness that ties each local of a workflow to one type.

use crate::{
    cursor::{Cursor, InclusiveCursor, RangeCursor, Remaining},
    saved_type::SavedType,
    stored::LARGE_FIELD_BYTES,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{cell::Cell, fmt, ops::Range};

/// A value that can be part of a saved state: anything with serde's `Serialize` and `Deserialize`.
///
/// Implemented for every such type; never implement it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is saved, and a value that is saved must be `Durable`",
    label = "not `Durable`: serde's `Serialize` and `Deserialize`, without borrowing",
    note = "derive `serde::Serialize` and `serde::Deserialize` for a type of yours; declare a type parameter `T: Durable`",
    note = "[DUR024] see docs/errors/DUR024.md"
)]
pub trait Durable: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Durable for T {}

/// What a state can hold. The bound of a [`witness`] is turned around, from the type to the state: else rustc would give advice
/// of its own where the type is a reference, which is wrong here.
#[diagnostic::on_unimplemented(
    message = "`{T}` is alive across an `.await` of a `#[workflow]`, so it must be serializable",
    label = "this value is part of the saved state",
    note = "if the type is yours and plain data, derive `serde::Serialize` and `serde::Deserialize` for it",
    note = "if not, end its use before the `.await`, and make it again afterwards; in place of a reference keep an owned value \
            (`.clone()`, `.to_owned()`)",
    note = "[DUR024] see docs/errors/DUR024.md"
)]
pub trait Holds<T> {
    /// How it does.
    fn witness() -> Witness<T>;
    /// How it holds what is left of a collection of these.
    fn remaining() -> Witness<Remaining<T>>;
    /// How it holds a place in `start..end`.
    fn range() -> Witness<RangeCursor<T>>;
    /// How it holds a place in `start..=end`.
    fn inclusive() -> Witness<InclusiveCursor<T>>;
}

/// A saved state, as far as types go.
#[derive(Debug)]
pub struct SavedState;

#[diagnostic::do_not_recommend]
impl<T: Durable> Holds<T> for SavedState {
    fn witness() -> Witness<T> {
        made()
    }

    fn remaining() -> Witness<Remaining<T>> {
        made()
    }

    fn range() -> Witness<RangeCursor<T>> {
        made()
    }

    fn inclusive() -> Witness<InclusiveCursor<T>> {
        made()
    }
}

fn made<T: Durable>() -> Witness<T> {
    Witness { act: act::<T>, ty: SavedType::of::<T>() }
}

/// Ties one local of a workflow to one type, and carries how to save, load and describe it.
///
/// Without it, storing a `Vec<u8>` and loading a `Vec<u16>` would compile silently: the two calls share nothing but
/// bytes. It is also the only place with a trait bound, so a local that cannot be saved gives one error, at its binding.
pub struct Witness<T> {
    act: fn(Act<'_, '_, T>) -> postcard::Result<()>,
    ty: &'static SavedType,
}

/// What is done with a value. One function does both: each execution in memory has a witness for each of its locals.
enum Act<'a, 'b, T> {
    Save(&'a T, &'a mut Vec<u8>),
    /// From the front of the bytes, to where it belongs.
    Load(&'a mut &'b [u8], &'a mut Option<T>),
}

impl<T> Clone for Witness<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Witness<T> {}

impl<T> fmt::Debug for Witness<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness<{}>", std::any::type_name::<T>())
    }
}

/// The witness of a local; called by generated code with the span of the binding.
pub fn witness<T>() -> Witness<T>
where
    SavedState: Holds<T>,
{
    <SavedState as Holds<T>>::witness()
}

/// The witness of the place of a loop over a collection or range by value. It asks of the items what the local that holds one of
/// them asks, in the same place; so rustc says once what the matter is.
pub fn witness_of_place<C: Cursor>() -> Witness<C>
where
    SavedState: Holds<C::Item>,
{
    C::witness()
}

/// The witness of a local whose type contains a type parameter of the workflow. The bound is written as the user would write it,
/// so that rustc can say where it is missing; a type that is written in the state's fields is no reference.
pub fn witness_of_parameter<T: Durable>() -> Witness<T> {
    witness()
}

fn act<T: Serialize + DeserializeOwned>(act: Act<'_, '_, T>) -> postcard::Result<()> {
    match act {
        Act::Save(value, into) => postcard::serialize_with_flavor(value, Append(into))?,
        Act::Load(bytes, into) => {
            let (value, rest) = postcard::take_from_bytes(bytes)?;
            (*bytes, *into) = (rest, Some(value));
        }
    }
    Ok(())
}

/// Lets postcard append to a buffer that goes on afterwards.
pub(crate) struct Append<'a>(pub(crate) &'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// A witness whose type is forgotten: enough to describe what an await point saves.
pub trait Traced {
    /// The type.
    fn saved_type(&self) -> &'static SavedType;
}

impl<T> Traced for Witness<T> {
    fn saved_type(&self) -> &'static SavedType {
        self.ty
    }
}

impl<T> Witness<T> {
    pub(crate) fn save(&self, value: &T, into: &mut Vec<u8>) -> postcard::Result<()> {
        (self.act)(Act::Save(value, into))
    }

    /// Reads one from the front of `bytes`.
    pub(crate) fn load_into(&self, bytes: &mut &[u8], into: &mut Option<T>) -> postcard::Result<()> {
        (self.act)(Act::Load(bytes, into))
    }

    fn load(&self, bytes: &mut &[u8]) -> postcard::Result<T> {
        let mut loaded = None;
        self.load_into(bytes, &mut loaded)?;
        loaded.ok_or(postcard::Error::DeserializeUnexpectedEnd)
    }

    /// The value as text, by its saved form: readable whether or not the type has `Debug`.
    pub(crate) fn show(&self, value: &T) -> Option<String> {
        let mut bytes = Vec::new();
        self.save(value, &mut bytes).ok()?;
        show_bytes(self.ty, &bytes)
    }
}

fn show_bytes(ty: &SavedType, bytes: &[u8]) -> Option<String> {
    let (value, _) = ty.trace().ok()?.decode(bytes).ok()?;
    Some(value.to_string())
}

/// A tuple of witnesses, nested at will: loads a whole block's locals with one call, so that generated code stays small.
pub trait Witnesses {
    /// The locals.
    type Values;
    /// Reads them in order from the front of `bytes`.
    fn load(self, bytes: &mut &[u8]) -> postcard::Result<Self::Values>;
}

impl<T> Witnesses for &Witness<T> {
    type Values = T;

    fn load(self, bytes: &mut &[u8]) -> postcard::Result<T> {
        Witness::load(self, bytes)
    }
}

macro_rules! witnesses {
    ($($($name:ident)*;)*) => {$(
        impl<$($name: Witnesses),*> Witnesses for ($($name,)*) {
            type Values = ($($name::Values,)*);

            #[allow(non_snake_case, unused_variables, clippy::unused_unit)]
            fn load(self, bytes: &mut &[u8]) -> postcard::Result<Self::Values> {
                let ($($name,)*) = self;
                Ok(($($name.load(bytes)?,)*))
            }
        }
    )*};
}

witnesses! {
    ;
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}

thread_local! {
    /// A buffer that a driver has done with, for the next snapshot on this thread.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Room for a small snapshot.
const SAVER_BYTES: usize = 256;
/// Larger buffers are not kept.
const SPARE_BYTES_MAX: usize = 64 << 10;

/// Takes the bytes of an await point back when they are stored elsewhere: the next snapshot on this thread is written into
/// them, without an allocation.
pub fn recycle(bytes: Vec<u8>) {
    if bytes.capacity() <= SPARE_BYTES_MAX {
        SPARE.set(bytes);
    }
}

/// A part of a local that may be used by value although the rest of the local is needed later: a copy.
#[diagnostic::on_unimplemented(
    message = "this moves a part out of a local whose other parts are needed after an `.await`",
    label = "a `{T}` is moved away here, and the rest cannot be saved without it",
    note = "clone the part (`.clone()`), leave a default in its place (`std::mem::take(&mut ..)`), or take the local apart first: \
            `let Order {{ lines, note, .. }} = order;`",
    note = "[DUR025] see docs/errors/DUR025.md"
)]
pub trait Spares<T> {}

#[diagnostic::do_not_recommend]
impl<T: Copy> Spares<T> for SavedState {}

/// Asks whether a part of a local that stays is a copy.
pub fn stays_whole<T>(_: &T)
where
    SavedState: Spares<T>,
{
}

/// What a block carries. It is no copy, whatever is in it: so a block that takes it by value captures it whole, without `move`,
/// and rustc says of the user's code in it what it says of the plain copy.
#[derive(Debug)]
pub struct Moved<T>(pub T);

impl<T> Moved<T> {
    /// Gives it.
    pub fn take(self) -> T {
        self.0
    }
}

/// Collects the fields of one snapshot. The first [`HEADROOM`](crate::stored::STORED_HEADER_BYTES) bytes stay free for
/// the header that the driver stamps, so that nothing is copied.
#[derive(Debug)]
pub struct Saver {
    bytes: Vec<u8>,
    fields: usize,
    /// Boxed: it stands in the future of every execution that arrives at an await point, and hardly any has one.
    large: Option<Box<LargeFields>>,
    error: Option<(usize, postcard::Error)>,
}

#[derive(Debug, Default)]
struct LargeFields(Vec<Range<usize>>);

/// What a [`Saver`] collected.
#[derive(Debug, Default)]
pub struct SavedFields {
    /// Room for the stored header, then the payload.
    pub bytes: Vec<u8>,
    /// Where in these bytes the fields are that have [`LARGE_FIELD_BYTES`](crate::stored::LARGE_FIELD_BYTES) or more, in order: a store may have them already.
    pub large: Vec<Range<usize>>,
}

impl Saver {
    /// An empty snapshot.
    pub fn new() -> Self {
        let mut bytes = SPARE.take();
        bytes.clear();
        if bytes.capacity() == 0 {
            bytes.reserve(SAVER_BYTES);
        }
        bytes.resize(crate::stored::STORED_HEADER_BYTES, 0);
        Self { bytes, fields: 0, large: None, error: None }
    }

    /// No snapshot.
    pub(crate) fn empty() -> Self {
        Self { bytes: Vec::new(), fields: 0, large: None, error: None }
    }

    /// The fields, behind a blank header; or the number of the one that could not be saved, and why.
    pub fn finish(self) -> Result<SavedFields, (usize, postcard::Error)> {
        match self.error {
            None => {
                let large = self.large.map(|large| large.0).unwrap_or_default();
                Ok(SavedFields { bytes: self.bytes, large })
            }
            Some(error) => Err(error),
        }
    }

    #[cold]
    fn note_large(&mut self, field: Range<usize>) {
        self.large.get_or_insert_default().0.push(field);
    }
}

impl Default for Saver {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds one local to a snapshot. An error is kept and reported when the await point commits.
pub fn save<T>(saver: &mut Saver, witness: &Witness<T>, value: &T) {
    if saver.error.is_none() {
        let start = saver.bytes.len();
        if let Err(error) = witness.save(value, &mut saver.bytes) {
            saver.error = Some((saver.fields, error));
        }
        let end = saver.bytes.len();
        if end - start >= LARGE_FIELD_BYTES {
            saver.note_large(start..end);
        }
    }
    saver.fields += 1;
}
