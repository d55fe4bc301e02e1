//! Hash tables for looking up, never for walking through: their order would reach output.

/// A table from `K` to `V` that is only asked for one key at a time.
#[expect(clippy::disallowed_types, reason = "looked up by key only, never iterated")]
pub(crate) type Lookup<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// A set of `K` that is only asked for one key at a time.
#[expect(clippy::disallowed_types, reason = "looked up by key only, never iterated")]
pub(crate) type LookupSet<K> = std::collections::HashSet<K, foldhash::fast::RandomState>;
