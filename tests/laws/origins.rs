//! Origins: what is proposed is told from what was agreed to before, and nothing else changes.

use std::collections::BTreeMap;

use accessctl::plan::{Origin, Plan, Why};
use proptest::prelude::*;

use crate::world::{World, desired_of, world};
use crate::{cases, edits, plan};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]
}
