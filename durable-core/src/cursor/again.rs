//! Iterators of the standard library in `for` loops across awaits: those over borrowed collections are made again after a
//! resume, those that own their items are emptied before the loop.
//!
//! Only adapters without user code are among them: a closure would run again for each item that is done.

use super::{IntoCursor, Remaining};
use std::{collections, iter, ops, option, slice, str, vec};

/// An iterator that gives the same items when it is made again: a `for` loop saves how many it gave.
#[diagnostic::on_unimplemented(
    message = "a `for` loop over `{Self}` cannot hold its place across an `.await`",
    label = "its position cannot be saved",
    note = "an adapter with a closure would run it again after a resume, and an unordered collection may give another order: \
            `.collect::<Vec<_>>()` the items before the loop, owned (`.cloned()`)",
    note = "[DUR017] see docs/errors/DUR017.md"
)]
pub trait Again: Iterator {}

/// An iterator without user code behind it, so that its items may be taken all at once.
#[diagnostic::on_unimplemented(
    message = "a `for` loop over an iterator with `{Self}` inside cannot hold its place across an `.await`",
    label = "its position cannot be saved",
    note = "`.collect::<Vec<_>>()` the items before the loop",
    note = "[DUR017] see docs/errors/DUR017.md"
)]
pub trait Eager: Iterator {}

/// The item at a position of an iterator that was made again: called by path, so that the error names the iterator.
pub fn again<I: Again>(mut iterator: I, at: usize) -> Option<I::Item> {
    iterator.nth(at)
}

macro_rules! again {
    ($([$($generics:tt)*] $iterator:ty;)*) => {$(
        impl<$($generics)*> Again for $iterator where Self: Iterator {}
        impl<$($generics)*> Eager for $iterator where Self: Iterator {}
    )*};
}

again! {
    ['a, T] slice::Iter<'a, T>;
    ['a, T] slice::IterMut<'a, T>;
    ['a, T] slice::Chunks<'a, T>;
    ['a, T] slice::ChunksExact<'a, T>;
    ['a, T] slice::Windows<'a, T>;
    ['a, T] collections::vec_deque::Iter<'a, T>;
    ['a, T] collections::vec_deque::IterMut<'a, T>;
    ['a, T] collections::btree_set::Iter<'a, T>;
    ['a, K, V] collections::btree_map::Iter<'a, K, V>;
    ['a, K, V] collections::btree_map::Keys<'a, K, V>;
    ['a, K, V] collections::btree_map::Values<'a, K, V>;
    ['a, T] option::Iter<'a, T>;
    ['a] str::Chars<'a>;
    ['a] str::CharIndices<'a>;
    ['a] str::Bytes<'a>;
    ['a] str::Lines<'a>;
    ['a] str::SplitWhitespace<'a>;
    ['a] str::SplitAsciiWhitespace<'a>;
    ['a] str::Split<'a, char>;
    ['a, 'b] str::Split<'a, &'b str>;
    [T] ops::Range<T>;
    [T] ops::RangeInclusive<T>;
    [T] ops::RangeFrom<T>;
}

macro_rules! eager {
    ($([$($generics:tt)*] $iterator:ty;)*) => {$(
        impl<$($generics)*> Eager for $iterator where Self: Iterator {}

        impl<$($generics)*> IntoCursor for $iterator
        where
            Self: Iterator,
        {
            type Item = <Self as Iterator>::Item;
            type Cursor = Remaining<<Self as Iterator>::Item>;

            fn into_cursor(self) -> Self::Cursor {
                Remaining(self.collect::<Vec<_>>().into_iter())
            }
        }
    )*};
}

macro_rules! adapters {
    ($([$($generic:ident)*] $iterator:ty;)*) => {$(
        impl<$($generic: Again),*> Again for $iterator where Self: Iterator {}
        eager! { [$($generic: Eager),*] $iterator; }
    )*};
}

adapters! {
    [I] iter::Enumerate<I>;
    [I] iter::Rev<I>;
    [I] iter::Skip<I>;
    [I] iter::Take<I>;
    [I] iter::StepBy<I>;
    [A B] iter::Zip<A, B>;
    [A B] iter::Chain<A, B>;
}

// Items by value, and clones of items: of an unordered collection too, as its order is fixed once they are taken.
eager! {
    [T] vec::IntoIter<T>;
    [T] vec::Drain<'_, T>;
    [T, const N: usize] std::array::IntoIter<T, N>;
    [T] option::IntoIter<T>;
    [T] collections::vec_deque::IntoIter<T>;
    [T] collections::vec_deque::Drain<'_, T>;
    [T] collections::btree_set::IntoIter<T>;
    [K, V] collections::btree_map::IntoIter<K, V>;
    [K, V] collections::btree_map::IntoKeys<K, V>;
    [K, V] collections::btree_map::IntoValues<K, V>;
    [T] collections::hash_set::IntoIter<T>;
    [K, V] collections::hash_map::IntoIter<K, V>;
    [K, V] collections::hash_map::IntoKeys<K, V>;
    [K, V] collections::hash_map::IntoValues<K, V>;
    [I: Eager] iter::Cloned<I>;
    [I: Eager] iter::Copied<I>;
}

impl<T> Eager for collections::hash_set::Iter<'_, T> {}
impl<K, V> Eager for collections::hash_map::Iter<'_, K, V> {}
impl<K, V> Eager for collections::hash_map::Keys<'_, K, V> {}
impl<K, V> Eager for collections::hash_map::Values<'_, K, V> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Cursor as _;

    #[test]
    fn an_iterator_made_again_goes_on_where_it_was() {
        let lines = ["a", "b", "c"];
        assert_eq!(again(lines.iter().enumerate().rev(), 0), Some((2, &"c")));
        assert_eq!(again(lines.iter().zip(1..), 2), Some((&"c", 3)));
        assert_eq!(again("äb".chars(), 1), Some('b'));
        assert_eq!(again((0..6).step_by(2), 3), None);
    }

    #[test]
    fn owned_items_are_taken_before_the_loop() {
        let mut cursor = vec![1, 2, 3].into_iter().rev().enumerate().into_cursor();
        assert_eq!((cursor.advance(), cursor.advance()), (Some((0, 3)), Some((1, 2))));
        let keys = collections::HashMap::from([('a', 1)]);
        assert_eq!(keys.keys().cloned().into_cursor().advance(), Some('a'));
    }
}
