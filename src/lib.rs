//! Access-as-code for Mixpanel organizations.
//!
//! An organization's access, written in YAML in a git repository, is compared with what the service has; the
//! differences become a [`plan::Plan`] that people review and [`apply`] performs.
//! `ARCHITECTURE.md` tells how the modules fit together.

pub mod access;
pub mod apply;
pub mod backend;
pub mod calendar;
pub mod catalogue;
pub mod change;
pub mod cli;
pub mod desired;
pub mod diagnostic;
pub mod diff;
mod draft;
pub mod drift;
pub mod export;
pub mod fingerprint;
pub mod grounds;
pub mod guard;
mod join;
pub mod journal;
pub mod lint;
pub mod load;
mod lookup;
pub mod model;
mod near;
pub mod plan;
pub mod planning;
pub mod policy;
pub mod progress;
pub mod redaction;
pub mod render;
pub mod review;
pub mod rewrite;
pub mod saved;
pub mod serve;
pub mod source;
pub mod spec;
pub mod stop;
pub mod target;
pub mod undo;
pub mod visible;
mod yaml;
