//! Organizations that stop being managed.

use std::collections::BTreeSet;

use super::Desired;
use crate::model::{OrgId, OrgKey};

/// An organization that one form of the configuration defines and a later one does not: nothing of it is planned, applied
/// or watched for drift any more, and whatever it has stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmanaged {
    /// What it was called.
    pub key: OrgKey,
    /// Its id on the service.
    pub id: OrgId,
}

/// The organizations of `base` that are not among those with the ids `defined`, by key.
pub fn unmanaged(base: &[Desired], defined: &BTreeSet<OrgId>) -> Vec<Unmanaged> {
    let left = base.iter().filter(|desired| !defined.contains(&desired.id));
    let mut left: Vec<_> = left.map(|desired| Unmanaged { key: desired.key.clone(), id: desired.id }).collect();
    left.sort_by(|a, b| a.key.cmp(&b.key));
    left
}
