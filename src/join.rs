//! Walking two sorted sequences side by side: far cheaper than looking each key of one up in the other.

use std::cmp::Ordering;
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
