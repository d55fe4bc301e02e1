//! Walking two sorted sequences side by side: far cheaper than looking each key of one up in the other.

use std::cmp::Ordering;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;

/// Walks two sequences that are sorted by key, pairing what has the same key.
pub(crate) fn join<'a, K: Ord + 'a, A, B>(
    left: impl Iterator<Item = (&'a K, A)>,
    right: impl Iterator<Item = (&'a K, B)>,
) -> impl Iterator<Item = (&'a K, Option<A>, Option<B>)> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match order(&mut left, &mut right)? {
        Ordering::Less => left.next().map(|(key, a)| (key, Some(a), None)),
        Ordering::Greater => right.next().map(|(key, b)| (key, None, Some(b))),
        Ordering::Equal => {
            let (key, a) = left.next()?;
            Some((key, Some(a), right.next().map(|(_, b)| b)))
        }
    })
}

/// Which side has the smaller key next; a side that has ended has none.
fn order<'a, K: Ord + 'a, A, B>(
    left: &mut Peekable<impl Iterator<Item = (&'a K, A)>>,
    right: &mut Peekable<impl Iterator<Item = (&'a K, B)>>,
) -> Option<Ordering> {
    match (left.peek(), right.peek()) {
        (Some((a, _)), Some((b, _))) => Some(a.cmp(b)),
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (None, None) => None,
    }
}

/// Entries that a cursor passes over before it searches.
const STEPS: usize = 8;

/// Looks keys up in a map, cheaply where they are asked for in order, or nearly so.
#[derive(Debug)]
pub(crate) struct Cursor<'a, K, V> {
    map: &'a BTreeMap<K, V>,
    /// From the entry that was found last.
    rest: Peekable<btree_map::Range<'a, K, V>>,
}

impl<'a, K: Ord, V> Cursor<'a, K, V> {
    /// A cursor at the first entry of `map`.
    pub(crate) fn new(map: &'a BTreeMap<K, V>) -> Self {
        Self { map, rest: map.range(..).peekable() }
    }

    /// The value of `key`.
    pub(crate) fn get(&mut self, key: &K) -> Option<&'a V> {
        for _ in 0..STEPS {
            let Some((found, value)) = self.rest.peek() else { break };
            match (*found).cmp(key) {
                Ordering::Less => drop(self.rest.next()),
                Ordering::Equal => return Some(value),
                Ordering::Greater => break,
            }
        }
        self.rest = self.map.range(key..).peekable();
        self.rest.peek().filter(|(found, _)| *found == key).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_finds_what_the_map_holds_in_any_order() {
        let map: BTreeMap<u32, u32> = (0..100).map(|key| (key * 2, key)).collect();
        let mut cursor = Cursor::new(&map);
        let in_order = 0..210;
        let far_and_back = [3, 150, 4, 4, 198, 199, 500, 0, 1, 20, 60];
        for key in in_order.chain(far_and_back) {
            assert_eq!(cursor.get(&key), map.get(&key), "{key}");
        }
    }
}
