//! What access is: names, roles and the [`State`] of one organization.
//!
//! Plain values without input, output or clock. Everything else is built on them, so this module uses nothing of the
//! crate.

mod acting;
mod name;
mod role;
mod state;
mod unread;

pub use acting::Acting;
pub(crate) use name::Marked;
pub use name::{Email, EmailProblem, IdProblem, Interner, OrgId, OrgKey, ProjectId, ProjectKey, RoleName, TeamName};
pub use role::{BuiltInRole, OrgRole, OtherOrgRole, ProjectRole, Rank, Ranks};
pub use state::{Organization, Project, State, Status, Team, User};
pub use unread::Unread;
