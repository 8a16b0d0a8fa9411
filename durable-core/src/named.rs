//! Names of types: what tells the instantiations of a generic workflow apart in a store.
//!
//! The name must be the same for as long as executions are stored, whichever compiler builds the program and wherever the type
//! moves, so it is written down; `std::any::type_name` promises neither.

use std::marker::PhantomData;

/// A type with a name that stores may rely on.
///
/// The type arguments of a generic workflow are part of the name under which its executions are stored: `sync::<Google>` is
/// stored as `sync<google>` if `Google` is named `google`. So two instantiations never take each other's executions. Once
/// executions are stored, the name must stay, even if the type is renamed.
///
/// ```
/// # extern crate durable_core as durable;
/// use durable::Named;
///
/// struct Google;
///
/// impl Named for Google {
///     const NAME: &'static str = "google";
/// }
///
/// assert_eq!(<Vec<Option<u32>>>::NAME, "Vec<Option<u32>>");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no name in stores, and the name of a generic workflow contains that of its type arguments",
    label = "an argument of a generic workflow",
    note = "give it one: `impl durable::Named for {Self} {{ const NAME: &'static str = \"..\"; }}`",
    note = "or leave it out of the workflow's name: `#[workflow(name = \"..\")]`; then all instantiations share that one name"
)]
pub trait Named {
    /// The name.
    const NAME: &'static str;
}

/// A name made of parts. Generated code implements it for each generic workflow.
#[doc(hidden)]
pub trait NameParts {
    /// The parts, in order.
    const PARTS: &'static [NamePart];
}

/// A part of a name.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum NamePart {
    /// As it stands.
    Text(&'static str),
    /// The value of a const parameter.
    Unsigned(u128),
    /// The value of a const parameter.
    Signed(i128),
    /// The value of a const parameter.
    Bool(bool),
    /// The value of a const parameter.
    Char(char),
}

/// The parts of `T`'s name as one text, made when the program is compiled.
#[doc(hidden)]
#[derive(Debug)]
pub struct Joined<T: ?Sized>(PhantomData<T>);

impl<T: NameParts + ?Sized> Joined<T> {
    const BUFFER: &'static Buffer = &Buffer::joined(T::PARTS);

    /// The text.
    pub const NAME: &'static str = Self::BUFFER.text();
}

/// The longest name of a workflow, which is a limit of stores.
const NAME_BYTES_MAX: usize = 256;

struct Buffer {
    bytes: [u8; NAME_BYTES_MAX],
    used: usize,
}

impl Buffer {
    const fn joined(parts: &[NamePart]) -> Self {
        let mut buffer = Self { bytes: [0; NAME_BYTES_MAX], used: 0 };
        let mut at = 0;
        while at < parts.len() {
            match parts[at] {
                NamePart::Text(text) => buffer.push(text.as_bytes()),
                NamePart::Unsigned(value) => buffer.push_number(value),
                NamePart::Signed(value) => {
                    if value < 0 {
                        buffer.push(b"-");
                    }
                    buffer.push_number(value.unsigned_abs());
                }
                NamePart::Bool(true) => buffer.push(b"true"),
                NamePart::Bool(false) => buffer.push(b"false"),
                NamePart::Char(value) => buffer.push(value.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            at += 1;
        }
        buffer
    }

    const fn push(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            assert!(self.used < NAME_BYTES_MAX, "the name of a workflow is longer than 256 bytes");
            self.bytes[self.used] = text[at];
            self.used += 1;
            at += 1;
        }
    }

    const fn push_number(&mut self, value: u128) {
        if value >= 10 {
            self.push_number(value / 10);
        }
        self.push(&[b'0' + (value % 10) as u8]);
    }

    const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.used).0) {
            Ok(text) => text,
            Err(_) => panic!("texts were joined"),
        }
    }
}

macro_rules! names {
    ($($ty:ty),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl Named for $ty {
            const NAME: &'static str = stringify!($ty);
        }
    )*};
}

names!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, bool, char, String, str, ());

macro_rules! names_of_generics {
    ($($name:literal $close:literal $ty:ty where $first:ident $($rest:ident)*;)*) => {$(
        impl<$first: Named, $($rest: Named),*> NameParts for $ty {
            const PARTS: &'static [NamePart] = &[
                NamePart::Text($name),
                NamePart::Text($first::NAME),
                $(NamePart::Text(", "), NamePart::Text($rest::NAME),)*
                NamePart::Text($close),
            ];
        }

        #[diagnostic::do_not_recommend]
        impl<$first: Named, $($rest: Named),*> Named for $ty {
            const NAME: &'static str = Joined::<Self>::NAME;
        }
    )*};
}

names_of_generics! {
    "Vec<" ">" Vec<T> where T;
    "Option<" ">" Option<T> where T;
    "Box<" ">" Box<T> where T;
    "Result<" ">" Result<T, E> where T E;
    "BTreeMap<" ">" std::collections::BTreeMap<K, V> where K V;
    "HashMap<" ">" std::collections::HashMap<K, V> where K V;
    "BTreeSet<" ">" std::collections::BTreeSet<T> where T;
    "HashSet<" ">" std::collections::HashSet<T> where T;
    "(" ")" (A, B) where A B;
    "(" ")" (A, B, C) where A B C;
    "(" ")" (A, B, C, D) where A B C D;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    struct Parts;

    impl NameParts for Parts {
        const PARTS: &'static [NamePart] = &[
            NamePart::Text("a "),
            NamePart::Unsigned(u128::MAX),
            NamePart::Signed(-120),
            NamePart::Unsigned(0),
            NamePart::Bool(true),
            NamePart::Char('ß'),
        ];
    }

    #[test]
    fn parts_are_joined_in_order() {
        assert_eq!(Joined::<Parts>::NAME, "a 340282366920938463463374607431768211455-1200trueß");
    }

    #[test]
    fn generic_types_are_named_with_their_arguments() {
        assert_eq!(<BTreeMap<String, Vec<(u8, ())>>>::NAME, "BTreeMap<String, Vec<(u8, ())>>");
        assert_eq!(<Result<Option<bool>, char>>::NAME, "Result<Option<bool>, char>");
    }
}
