//! Who changes an organization.

use super::{Email, OrgRole};

/// The account that would perform a plan, as far as the live side tells who it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acting {
    /// Its e-mail address, or what the service calls a service account by.
    pub account: Option<String>,
    /// Its org role.
    pub role: Option<OrgRole>,
}

impl Acting {
    /// The user that it is; a service account is none.
    pub fn user(&self) -> Option<Email> {
        Email::new(self.account.as_deref()?).ok()
    }
}
