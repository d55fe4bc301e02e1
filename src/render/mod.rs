//! Plans, reports and findings, written for people and machines.
//!
//! This module only shows: everything it needs was worked out before. It writes styled text (the command line strips
//! styles where they are not wanted) into a writer, reads no clock and knows no terminal. Names that strangers chose
//! pass through [`visible`] and its kin.

pub mod access;
pub mod annotations;
pub mod checkout;
pub mod code_quality;
mod csv;
pub mod diagnostics;
pub mod diff;
pub mod doctor;
pub mod drift;
pub mod findings;
pub mod html;
mod identity;
pub mod json;
pub mod links;
pub mod log;
pub mod markdown;
pub mod metrics;
pub mod orgs;
mod outline;
mod page;
pub mod progress;
pub mod report;
pub mod review;
pub mod sarif;
pub mod saved;
pub mod summary;
pub mod text;
pub(crate) mod unread;

use crate::desired::Unmanaged;
use crate::model::OrgKey;
pub use crate::visible::{visible, visible_name, visible_within_width, width};

/// How text for people is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether long lists are shown whole.
    pub verbose: bool,
}

/// What a comment or a page says of its plans besides what stands in them.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    /// The hash of what the plans say: `content` of the same plans as JSON, which does not change with time alone.
    pub content: &'s str,
    /// The moment for which the configuration was read, in words, where it is another than that of the run.
    pub as_of: Option<&'s str>,
    /// Where places lead to.
    pub links: &'s links::Links,
}

/// The organizations of a run that have no plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct WithoutPlan<'a> {
    /// Those for which none could be made; errors tell why.
    pub unplanned: &'a [OrgKey],
    /// Those that the base defines and the configuration does not.
    pub unmanaged: &'a [Unmanaged],
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 100, verbose: false }
    }
}
