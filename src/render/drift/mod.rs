//! What somebody changed by hand, shown for people and machines.

pub mod json;
pub mod junit;
mod overdue;
mod rewriting;
pub mod text;
mod words;

use jiff::Timestamp;

use crate::drift::Drift;
use crate::model::OrgKey;
use crate::rewrite::Rewriting;
use crate::source::Sources;

/// What a run of `drift` found.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// When it ran.
    pub now: Timestamp,
    /// The organizations, by key.
    pub drifts: &'a [Drift],
    /// Those that could not be looked at; errors say why.
    pub unchecked: &'a [OrgKey],
    /// The texts of the configuration.
    pub sources: &'a Sources,
    /// What was written into the configuration, where that was asked for.
    pub rewriting: Option<&'a Rewriting>,
}
