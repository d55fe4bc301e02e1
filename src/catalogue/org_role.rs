//! How the service writes org roles (dossier 1.2).

use super::Standing;
use crate::model::OrgRole;

/// What is known of the text of one org role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgRoleEntry {
    /// The text.
    pub text: &'static str,
    /// How surely it is known. A proposed text is written only where it was read.
    pub standing: Standing,
    /// Where it is known from.
    pub source: &'static str,
}

/// What is known of the text of an org role; nothing of one that was only read.
pub fn org_role_entry(role: &OrgRole) -> Option<OrgRoleEntry> {
    let entry = |text, standing, source| Some(OrgRoleEntry { text, standing, source });
    match role {
        OrgRole::Owner => entry("owner", Standing::Used, "ak--47's mp-project"),
        OrgRole::Admin => entry("admin", Standing::Official, "an example of mixpanel-headless"),
        OrgRole::BillingAdmin => entry("billing_admin", Standing::Proposed, "no source"),
        OrgRole::Member => entry("member", Standing::Proposed, "no source"),
        OrgRole::Other(_) => None,
    }
}
