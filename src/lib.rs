//! Access-as-code for Mixpanel organizations.
//!
//! An organization's access, written in YAML in a git repository, is compared with what the service has; the
//! differences become a [`plan::Plan`] that people review and [`apply`] performs.
//! `ARCHITECTURE.md` tells how the modules fit together.

pub mod access;
mod access_naive;
pub mod backend;
pub mod change;
pub mod desired;
pub mod diagnostic;
pub mod export;
pub mod fingerprint;
pub mod model;
pub mod plan;
pub mod render;
pub mod source;
