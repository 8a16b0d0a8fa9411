//! Schemas as text that people review: as Rust would declare the types.
//!
//! ```text
//! struct Order {
//!     id: u64,
//!     lines: [Line],
//!     coupon: Option<String>,
//! }
//! ```
//!
//! | text | [`Schema`] |
//! |---|---|
//! | `()`, `bool`, `u8` .. `i128`, `f32`, `f64`, `char`, `String`, `Bytes` | the same |
//! | `Option<T>`, `[T]`, `Map<K, V>` | the same; `[T]` is any collection |
//! | `(A, B)`, `(A,)`, `(,)`, `[T; 4]` | a tuple, which an array is, too |
//! | `Order` | the type that is declared under this name |
//! | `Order#0b5cf2e9` | another type of the same name: the digits are of its fingerprint |
//! | `struct A`, `struct A(T)`, `struct A(T,)`, `struct A { a: T }` | unit, newtype, tuple struct, struct |
//! | `enum E { A, B(T), C(T, T), D { a: T }, F(!) }` | an enum; nobody can read an `F` |
//! | `^7` | a [`Schema::Ref`], where a type that contains itself cannot be said by its name |
//!
//! A name that is no word of letters, digits and `_`, or that is a word of this language, stands in quotes.
//!
//! Text is exact: what [`write_schemas`] wrote is read as equal schemas by [`Declarations`]. A type that contains itself is
//! written out where a schema has it first, and is a reference wherever it comes again, which is how types are traced.

mod classes;
mod expand;
mod read;
mod types;
mod write;

#[cfg(test)]
mod tests;

use super::{Name, SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX, Schema, VariantSchema};

pub use read::Declarations;
pub use types::{name_text, read_name};
pub(crate) use write::brief;
pub use write::{SchemaTexts, one_schema, write_schemas};

/// Why a text is not a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct TextError {
    /// The byte of the text.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

impl TextError {
    fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}
