//! `for` loops across awaits: positions that can be saved.
//!
//! A loop over an owned collection saves what is left of it; a loop over a borrowed one saves an index and borrows again
//! after a resume. Foreign iterators are never stored as they are: an exhausted `0..=1` serializes as if it were not.

mod again;

pub use again::{Again, Eager, again};

use crate::{
    Witness,
    durable::{Holds, SavedState},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use std::{
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    ops::{Range, RangeInclusive},
};

/// What a `for` loop with an `.await` in its body can go over by value.
#[diagnostic::on_unimplemented(
    message = "a `for` loop over `{Self}` cannot hold its place across an `.await`",
    label = "its position cannot be saved",
    note = "loop over a collection or a range instead: `.collect::<Vec<_>>()` the items before the loop, or borrow the collection with `&`",
    note = "[DUR017] see docs/errors/DUR017.md"
)]
pub trait IntoCursor {
    /// What the loop gives.
    type Item;
    /// The saved position.
    type Cursor: Cursor<Item = Self::Item>;
    /// Begins.
    fn into_cursor(self) -> Self::Cursor;
}

/// Where a `for` loop over a `Vec<Line>`, or another collection or range by value, stands: the type of the field
/// `line_at: LoopPlace<Vec<Line>>` in a state enum. Of a collection it is [`Remaining`], what is left of it.
pub type LoopPlace<C> = <C as IntoCursor>::Cursor;

/// A saved position of a loop over an owned collection.
pub trait Cursor {
    /// What the loop gives.
    type Item;
    /// The next item.
    fn advance(&mut self) -> Option<Self::Item>;
    /// How it is saved, if the items can be.
    #[doc(hidden)]
    fn witness() -> Witness<Self>
    where
        Self: Sized,
        SavedState: Holds<Self::Item>;
}

/// What is left of an owned collection.
#[derive(Debug, Clone)]
pub struct Remaining<T>(std::vec::IntoIter<T>);

impl<T> Remaining<T> {
    /// The items that the loop has not begun with, in order.
    pub fn as_slice(&self) -> &[T] {
        self.0.as_slice()
    }
}

impl<T> Cursor for Remaining<T> {
    type Item = T;

    fn advance(&mut self) -> Option<T> {
        self.0.next()
    }

    fn witness() -> Witness<Self>
    where
        SavedState: Holds<T>,
    {
        <SavedState as Holds<T>>::remaining()
    }
}

impl<T: Serialize> Serialize for Remaining<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_slice().serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Remaining<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Vec::deserialize(deserializer)?.into_iter()))
    }
}

macro_rules! owned {
    ($([$($generics:tt)*] $collection:ty => $item:ty;)*) => {$(
        impl<$($generics)*> IntoCursor for $collection {
            type Item = $item;
            type Cursor = Remaining<$item>;

            fn into_cursor(self) -> Remaining<$item> {
                Remaining(self.into_iter().collect::<Vec<_>>().into_iter())
            }
        }
    )*};
}

owned! {
    [T] Vec<T> => T;
    [T] VecDeque<T> => T;
    [T] BTreeSet<T> => T;
    [T] BinaryHeap<T> => T;
    [T] LinkedList<T> => T;
    [T] Option<T> => T;
    [T, S] HashSet<T, S> => T;
    [T, const N: usize] [T; N] => T;
    [K, V] BTreeMap<K, V> => (K, V);
    [K, V, S] HashMap<K, V, S> => (K, V);
}

/// A place in `start..end`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RangeCursor<T> {
    next: T,
    end: T,
}

/// A place in `start..=end`; `None` once exhausted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InclusiveCursor<T> {
    next: Option<T>,
    end: T,
}

/// What a saved range counts by: integers and `char`.
pub trait Discrete: Copy + PartialOrd {
    /// The next one; never asked of the greatest.
    fn successor(self) -> Self;
}

macro_rules! integers {
    ($($int:ty)*) => {$(
        impl Discrete for $int {
            fn successor(self) -> Self {
                self + 1
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl Discrete for char {
    fn successor(self) -> Self {
        // The surrogates between are no characters.
        if self == '\u{D7FF}' {
            '\u{E000}'
        } else {
            char::from_u32(self as u32 + 1).expect("a character follows")
        }
    }
}

// One impl for all of them: so `0..3` has an item type before rustc knows which integer it is.
impl<T: Discrete> IntoCursor for Range<T> {
    type Item = T;
    type Cursor = RangeCursor<T>;

    fn into_cursor(self) -> RangeCursor<T> {
        RangeCursor { next: self.start, end: self.end }
    }
}

impl<T: Discrete> Cursor for RangeCursor<T> {
    type Item = T;

    fn advance(&mut self) -> Option<T> {
        if self.next >= self.end {
            return None;
        }
        let item = self.next;
        self.next = item.successor();
        Some(item)
    }

    fn witness() -> Witness<Self>
    where
        SavedState: Holds<T>,
    {
        <SavedState as Holds<T>>::range()
    }
}

impl<T: Discrete> IntoCursor for RangeInclusive<T>
where
    RangeInclusive<T>: Iterator<Item = T>,
{
    type Item = T;
    type Cursor = InclusiveCursor<T>;

    fn into_cursor(mut self) -> InclusiveCursor<T> {
        // A range that was iterated before may be exhausted, which its bounds do not tell.
        let next = self.next();
        InclusiveCursor { next, end: *self.end() }
    }
}

impl<T: Discrete> Cursor for InclusiveCursor<T> {
    type Item = T;

    fn advance(&mut self) -> Option<T> {
        let item = self.next?;
        self.next = (item < self.end).then(|| item.successor());
        Some(item)
    }

    fn witness() -> Witness<Self>
    where
        SavedState: Holds<T>,
    {
        <SavedState as Holds<T>>::inclusive()
    }
}

/// What a `for` loop with an `.await` in its body can go over by shared reference: the order must be the same after a reload,
/// so hash maps and hash sets are not among them (V2).
#[diagnostic::on_unimplemented(
    message = "a `for` loop over `&{Self}` cannot hold its place across an `.await`",
    label = "its items cannot be found again by position",
    note = "an unordered collection may give another order after a resume: loop over it by value, or over its keys, `for key in map.keys().cloned()`",
    note = "[DUR017] see docs/errors/DUR017.md"
)]
pub trait Indexed {
    /// What the loop gives.
    type Item<'a>
    where
        Self: 'a;
    /// The item at this position of the iteration.
    fn item(&self, at: usize) -> Option<Self::Item<'_>>;
}

/// The same by exclusive reference.
#[diagnostic::on_unimplemented(
    message = "a `for` loop over `&mut {Self}` cannot hold its place across an `.await`",
    label = "its items cannot be found again by position",
    note = "loop over a range of indices, `for i in 0..items.len()`; or over the collection by value, and build another one",
    note = "[DUR017] see docs/errors/DUR017.md"
)]
pub trait IndexedMut {
    /// What the loop gives.
    type Item<'a>
    where
        Self: 'a;
    /// The item at this position of the iteration.
    fn item_mut(&mut self, at: usize) -> Option<Self::Item<'_>>;
}

macro_rules! slices {
    ($([$($generics:tt)*] $collection:ty;)*) => {$(
        impl<$($generics)*> Indexed for $collection {
            type Item<'a> = &'a T where Self: 'a;

            fn item(&self, at: usize) -> Option<&T> {
                self.get(at)
            }
        }

        impl<$($generics)*> IndexedMut for $collection {
            type Item<'a> = &'a mut T where Self: 'a;

            fn item_mut(&mut self, at: usize) -> Option<&mut T> {
                self.get_mut(at)
            }
        }
    )*};
}

slices! {
    [T] Vec<T>;
    [T] VecDeque<T>;
    [T] [T];
    [T, const N: usize] [T; N];
}

impl<T> Indexed for Option<T> {
    type Item<'a>
        = &'a T
    where
        Self: 'a;

    fn item(&self, at: usize) -> Option<&T> {
        self.as_ref().filter(|_| at == 0)
    }
}

/// Finding an item costs time that grows with its position.
impl<T> Indexed for BTreeSet<T> {
    type Item<'a>
        = &'a T
    where
        Self: 'a;

    fn item(&self, at: usize) -> Option<&T> {
        self.iter().nth(at)
    }
}

/// Finding an item costs time that grows with its position.
impl<K, V> Indexed for BTreeMap<K, V> {
    type Item<'a>
        = (&'a K, &'a V)
    where
        Self: 'a;

    fn item(&self, at: usize) -> Option<(&K, &V)> {
        self.iter().nth(at)
    }
}

impl<C: Indexed + ?Sized> Indexed for &C {
    type Item<'a>
        = C::Item<'a>
    where
        Self: 'a;

    fn item(&self, at: usize) -> Option<C::Item<'_>> {
        (**self).item(at)
    }
}

impl<C: Indexed + ?Sized> Indexed for Box<C> {
    type Item<'a>
        = C::Item<'a>
    where
        Self: 'a;

    fn item(&self, at: usize) -> Option<C::Item<'_>> {
        (**self).item(at)
    }
}

/// The item at a position: called by path, so that the error names the collection.
pub fn item<C: Indexed + ?Sized>(collection: &C, at: usize) -> Option<C::Item<'_>> {
    collection.item(at)
}

/// The same by exclusive reference.
pub fn item_mut<C: IndexedMut + ?Sized>(collection: &mut C, at: usize) -> Option<C::Item<'_>> {
    collection.item_mut(at)
}

/// Begins a loop over an owned collection: called by path, so that the error names it.
pub fn into_cursor<C: IntoCursor<Cursor = K>, K>(collection: C) -> K {
    collection.into_cursor()
}

/// The next item of a loop over an owned collection.
pub fn advance<C: Cursor>(cursor: &mut C) -> Option<C::Item> {
    cursor.advance()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every position of the loop, through bytes, gives the same items.
    fn through_bytes<C: IntoCursor>(collection: C) -> Vec<C::Item>
    where
        C::Cursor: Serialize + DeserializeOwned,
    {
        let mut cursor = collection.into_cursor();
        let mut items = Vec::new();
        loop {
            let bytes = postcard::to_stdvec(&cursor).unwrap();
            cursor = postcard::from_bytes(&bytes).unwrap();
            match cursor.advance() {
                Some(item) => items.push(item),
                None => return items,
            }
        }
    }

    #[test]
    fn resumes_on_every_element_of_owned_collections() {
        assert_eq!(through_bytes(vec!["a".to_owned(), "b".into()]), ["a", "b"]);
        assert_eq!(through_bytes([1, 2, 3]), [1, 2, 3]);
        assert_eq!(through_bytes(Some(7)), [7]);
        assert_eq!(through_bytes(BTreeMap::from([(1, 'a'), (2, 'b')])), [(1, 'a'), (2, 'b')]);
    }

    #[test]
    fn resumes_on_last_element_of_inclusive_range() {
        assert_eq!(through_bytes(0..=1u8), [0, 1]);
        assert_eq!(through_bytes(254..=255u8), [254, 255]);
        assert_eq!(through_bytes(3..3i64), [0i64; 0]);
        #[allow(clippy::reversed_empty_ranges)]
        let empty = 2..=1;
        assert_eq!(through_bytes(empty), [0; 0]);
    }

    #[test]
    fn an_inclusive_range_exhausted_before_stays_exhausted() {
        let mut range = 0..=1;
        range.by_ref().for_each(drop);
        assert_eq!(through_bytes(range), [0; 0]);
    }

    #[test]
    fn finds_items_by_position() {
        assert_eq!(item(&vec![1, 2], 1), Some(&2));
        assert_eq!(item(&&vec![1, 2], 2), None);
        assert_eq!(item(&BTreeMap::from([(1, 'a')]), 0), Some((&1, &'a')));
    }
}
