//! Hash tables for looking up, never for walking through: their order would reach output.

use std::hash::{Hash, Hasher};

use crate::model::Marked;

/// A table from `K` to `V` that is only asked for one key at a time.
#[expect(clippy::disallowed_types, reason = "looked up by key only, never iterated")]
pub(crate) type Lookup<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// A table from the names of one kind to `V`.
///
/// Half a million memberships are looked up in such tables several times, most of them in vain.
#[derive(Debug)]
pub(crate) struct NameTable<'a, V> {
    /// The place of the value of each name.
    places: Lookup<Known<'a>, u32>,
    values: Vec<V>,
}

/// A name as it is looked for: by its mark, and among those with the same mark by its text.
#[derive(Debug)]
struct Known<'a> {
    mark: u32,
    text: &'a str,
}

impl<'a> Known<'a> {
    fn of(name: &'a impl Marked) -> Self {
        Self { mark: name.mark(), text: name }
    }
}

impl Hash for Known<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mark.hash(state);
    }
}

impl PartialEq for Known<'_> {
    fn eq(&self, other: &Self) -> bool {
        // Names of one run are interned: equal ones are mostly the same allocation.
        self.mark == other.mark && (std::ptr::eq(self.text, other.text) || self.text == other.text)
    }
}

impl Eq for Known<'_> {}

impl<V> Default for NameTable<'_, V> {
    fn default() -> Self {
        Self { places: Lookup::default(), values: Vec::new() }
    }
}

impl<'a, V> NameTable<'a, V> {
    /// Whether no name is in the table.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values, in the order in which their names were put in.
    pub(crate) fn values(&self) -> &[V] {
        &self.values
    }

    /// Puts `name` into the table with `value`, unless it is there already; whether it was not.
    pub(crate) fn insert_new(&mut self, name: &'a impl Marked, value: impl FnOnce() -> V) -> bool {
        let before = self.values.len();
        self.or_insert_with(name, value);
        self.values.len() > before
    }

    /// The value of `name`, which is put into the table with `value` when it is not there.
    pub(crate) fn or_insert_with(&mut self, name: &'a impl Marked, value: impl FnOnce() -> V) -> &mut V {
        let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(Known::of(name)).or_insert(next);
        if place == next {
            self.values.push(value());
        }
        &mut self.values[place as usize]
    }

    /// The value of `name`.
    pub(crate) fn get(&self, name: &impl Marked) -> Option<&V> {
        self.values.get(*self.places.get(&Known::of(name))? as usize)
    }

    /// The value of `name`, to alter it.
    pub(crate) fn get_mut(&mut self, name: &impl Marked) -> Option<&mut V> {
        self.values.get_mut(*self.places.get(&Known::of(name))? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TeamName;

    #[test]
    fn a_name_is_found_by_its_text_wherever_it_lies() {
        let [one, same, other] = ["ops", "ops", "web"].map(|name| TeamName::new(name).unwrap());
        let copy = one.clone();
        let mut table: NameTable<'_, usize> = NameTable::default();
        assert_eq!(table.get_mut(&other), None);
        assert!(table.insert_new(&one, || 1));
        assert!(!table.insert_new(&same, || 2) && !table.insert_new(&copy, || 3));
        assert_eq!(
            (table.get(&one), table.get(&same), table.get(&copy), table.get(&other)),
            (Some(&1), Some(&1), Some(&1), None)
        );
        // What was looked for in vain before may come later.
        assert!(table.insert_new(&other, || 4));
        assert_eq!(table.get_mut(&other), Some(&mut 4));
    }

    #[test]
    fn names_with_the_same_mark_are_not_the_same() {
        let known = |text| Known { mark: 7, text };
        assert!(known("ops") != known("web") && known("ops") == known("ops"));
        assert!(known("ops") != Known { mark: 8, text: "ops" });
    }
}
