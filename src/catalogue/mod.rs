//! Which requests the service takes, in which form, and how surely that is known.
//!
//! The service documents little of its user management, so everything that is believed about a request stands in one
//! table (`table.rs`) and nowhere else: correcting an operation is a change there, or, for one organization, an
//! override in its configuration; the table says what a new one needs besides. An operation that nobody outside has been seen to use is *proposed* and is not sent
//! unless the configuration says so.

mod body;
mod dangerous;
mod form;
mod org_role;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use crate::change::ChangeKind;
use crate::model::OrgRole;

pub use body::Form;
pub use form::{Field, Fields, FormProblem, PathForm};
pub use org_role::{OrgRoleEntry, org_role_entry};
pub use table::{Effect, Entry, IdOf, Needs, Operation};

/// Where the paths of SCIM begin (dossier section 5).
pub const SCIM_BASE: &str = "/api/app/scim/v2/";

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Changes a part of something; SCIM only.
    Patch,
    /// Removes something; SCIM only.
    Delete,
}

impl Method {
    /// The method on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Which address a request goes to (dossier 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// That of the organization's region.
    Organization,
    /// That of the region of the project in its path.
    Project,
    /// That of SCIM: one for all regions (dossier section 5). Only the SCIM token goes there, and it goes nowhere else.
    Scim,
}

/// How a change is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// By the backend.
    Api,
    /// By the backend over SCIM, the interface of identity providers.
    Scim,
    /// By a person: no request for it is known surely enough to be sent.
    Manual,
}

impl Channel {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Scim => "scim",
            Self::Manual => "manual",
        }
    }
}

/// Where the service keeps an organization's data (dossier 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// United States.
    Us,
    /// European Union.
    Eu,
    /// India.
    In,
}

impl Region {
    /// All regions.
    pub const ALL: [Self; 3] = [Self::Us, Self::Eu, Self::In];

    /// The name in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
            Self::In => "in",
        }
    }

    /// The address of the region.
    pub fn address(self) -> &'static str {
        match self {
            Self::Us => "https://mixpanel.com",
            Self::Eu => "https://eu.mixpanel.com",
            Self::In => "https://in.mixpanel.com",
        }
    }
}

/// What a success looks like. An answer that does not look so is a failure, whatever its status (dossier 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `{"status":"ok","results":…}`, and no flag in the results that denies it.
    Results,
    /// `results` is an object in which this flag is true.
    Flag(&'static str),
    /// `results` is a list with an entry for each item, in which this flag is true; false means that the item exists
    /// already.
    Each(&'static str),
    /// One page of a list of SCIM, which has no envelope (dossier 2.3): `totalResults`, and `Resources` where there are
    /// any.
    Page,
    /// One resource of SCIM: an object with an `id` that is no error.
    Resource,
    /// 204 without a body, or an object that is no error: SCIM need not repeat what it has changed.
    Done,
}

/// How surely an operation is known, the surest first (dossier 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Documented by the service.
    Documented,
    /// Used by an official client.
    Official,
    /// Used by another client whose tests run against the service.
    Tested,
    /// Used by another client.
    Used,
    /// The service is documented to do it for identity providers, who do it by this request of the standard; that the
    /// service takes this very request follows from both and is written nowhere (dossier section 5).
    Inferred,
    /// A guess by family resemblance.
    Proposed,
}

impl Standing {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Official => "official client",
            Self::Tested => "tested by a client",
            Self::Used => "used by a client",
            Self::Inferred => "inferred",
            Self::Proposed => "proposed",
        }
    }
}

/// The requests of one organization: the table with the organization's overrides and permissions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    unverified: BTreeSet<Operation>,
    overrides: BTreeMap<Operation, Override>,
    /// The texts of org roles that the organization's configuration gives.
    org_roles: BTreeMap<OrgRole, String>,
}

/// Another form of a request for one organization.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Override {
    /// Another path.
    pub path: Option<PathForm>,
    /// Another body.
    pub body: Option<Form>,
}

impl Catalogue {
    /// The table with `overrides`, where the proposed operations of `unverified` may be sent.
    pub fn new(unverified: BTreeSet<Operation>, overrides: BTreeMap<Operation, Override>) -> Self {
        Self { unverified, overrides, org_roles: BTreeMap::new() }
    }

    /// The same where the service writes these org roles otherwise.
    #[must_use]
    pub fn with_org_roles(self, org_roles: BTreeMap<OrgRole, String>) -> Self {
        Self { org_roles, ..self }
    }

    /// How the service writes an org role; one that was only read as it was read.
    pub fn org_role_text<'r>(&'r self, role: &'r OrgRole) -> &'r str {
        match (self.org_roles.get(role), org_role_entry(role)) {
            (Some(text), _) => text,
            (None, Some(entry)) => entry.text,
            (None, None) => role.as_str(),
        }
    }

    /// The known org role that the service writes as `text`.
    pub fn org_role(&self, text: &str) -> Option<OrgRole> {
        OrgRole::ALL.into_iter().find(|role| self.org_role_text(role) == text)
    }

    /// Whether clients are known to use the text of an org role. Any other is written only where it was read.
    pub fn knows_org_role(&self, role: &OrgRole) -> bool {
        let is_known = org_role_entry(role).is_some_and(|entry| entry.standing < Standing::Proposed);
        is_known && !self.org_roles.contains_key(role)
    }

    /// The path of an operation.
    pub fn path(&self, operation: Operation) -> PathForm {
        let other = self.overrides.get(&operation).and_then(|other| other.path.clone());
        other.unwrap_or_else(|| operation.entry().path())
    }

    /// The body of an operation; `None` where it has none.
    pub fn body(&self, operation: Operation) -> Option<Form> {
        let other = self.overrides.get(&operation).and_then(|other| other.body.clone());
        other.or_else(|| operation.entry().body())
    }

    /// The values that the requests of an operation hold.
    pub fn fields(&self, operation: Operation) -> BTreeSet<Field> {
        let path = self.path(operation).fields();
        path.into_iter().chain(self.body(operation).map_or_else(Vec::new, |body| body.fields())).collect()
    }

    /// Whether the configuration gives the operation another form.
    pub fn is_overridden(&self, operation: Operation) -> bool {
        self.overrides.contains_key(&operation)
    }

    /// Whether requests and org roles are written in the forms of `other`, as far as the configurations say.
    pub fn has_forms_of(&self, other: &Self) -> bool {
        self.overrides == other.overrides && self.org_roles == other.org_roles
    }

    /// Whether the operation may be sent: its form is known from outside, or the configuration vouches for it.
    pub fn may_send(&self, operation: Operation) -> bool {
        operation.entry().standing < Standing::Proposed || self.unverified.contains(&operation)
    }

    /// Whether changes of `kind` can be requested: the request may be sent, and what has to be read before. Nobody is
    /// invited where pending invitations cannot be read: they would be invited again and again.
    pub fn can_request(&self, kind: ChangeKind) -> bool {
        let operation = Operation::of(kind);
        self.may_send(operation) && self.lacks_before(operation).is_none()
    }

    /// What has to be read before the operation is sent, and may not be sent itself.
    pub fn lacks_before(&self, operation: Operation) -> Option<Operation> {
        operation.entry().after.filter(|read| !self.may_send(*read))
    }

    /// The most items of an operation in one request.
    pub fn batch(&self, operation: Operation) -> usize {
        let takes_many = self.body(operation).is_some_and(|body| body.takes_many());
        if takes_many { operation.entry().batch } else { 1 }
    }
}
