//! Hash tables for looking up, never for walking through: their order would reach output.

use std::ops::Deref;

/// A table from `K` to `V` that is only asked for one key at a time.
#[expect(clippy::disallowed_types, reason = "looked up by key only, never iterated")]
pub(crate) type Lookup<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// A table from the names of one kind to `V`.
///
/// Names of one run are interned: equal ones are mostly the same allocation. So a name is looked for by its address
/// first, which spares reading the text, and by its text when the address is not known. Half a million memberships are
/// looked up in this way several times.
#[derive(Debug)]
pub(crate) struct NameTable<'a, V> {
    /// The place of the value, for addresses at which one was found. Of absent names none is remembered: there can be far
    /// more of them than of the others, and the table would no longer fit into the processor's caches.
    addresses: Lookup<(usize, usize), u32>,
    texts: Lookup<&'a str, u32>,
    values: Vec<V>,
}

impl<V> Default for NameTable<'_, V> {
    fn default() -> Self {
        Self { addresses: Lookup::default(), texts: Lookup::default(), values: Vec::new() }
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
    pub(crate) fn insert_new(&mut self, name: &'a impl Deref<Target = str>, value: impl FnOnce() -> V) -> bool {
        let before = self.values.len();
        self.or_insert_with(name, value);
        self.values.len() > before
    }

    /// The value of `name`, which is put into the table with `value` when it is not there.
    pub(crate) fn or_insert_with(&mut self, name: &'a impl Deref<Target = str>, value: impl FnOnce() -> V) -> &mut V {
        let address = address(name);
        let place = match self.addresses.get(&address) {
            Some(place) => *place,
            None => {
                let next = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
                let place = *self.texts.entry(name).or_insert(next);
                if place == next {
                    self.values.push(value());
                }
                self.addresses.insert(address, place);
                place
            }
        };
        &mut self.values[place as usize]
    }

    /// The value of `name`.
    pub(crate) fn get(&self, name: &impl Deref<Target = str>) -> Option<&V> {
        let place = self.addresses.get(&address(name)).or_else(|| self.texts.get(&**name))?;
        self.values.get(*place as usize)
    }

    /// The value of `name`; its address is remembered for the next time.
    pub(crate) fn get_mut(&mut self, name: &'a impl Deref<Target = str>) -> Option<&mut V> {
        let address = address(name);
        let place = match self.addresses.get(&address) {
            Some(place) => *place,
            None => {
                let place = *self.texts.get(&**name)?;
                self.addresses.insert(address, place);
                place
            }
        };
        self.values.get_mut(place as usize)
    }
}

/// Where the text lies. While it is borrowed, no other text lies there.
fn address(name: &impl Deref<Target = str>) -> (usize, usize) {
    (name.as_ptr().addr(), name.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_name_is_found_by_its_text_wherever_it_lies() {
        let [one, same, other]: [Arc<str>; 3] = ["ops", "ops", "web"].map(Arc::from);
        let copy = Arc::clone(&one);
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
}
