//! What a plan that takes a run back says of it.

use jiff::Timestamp;

use super::{Channel, Plan};
use crate::change::Change;
use crate::model::{Email, TeamName};

/// The run that a plan takes back, and what the plan leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undoing {
    /// The name of the run.
    pub run: String,
    /// When it began.
    pub began: Timestamp,
    /// Who ran it, where that is known.
    pub by: Option<String>,
    /// The commit of the configuration that it applied, where whoever made the plan said it.
    pub commit: Option<String>,
    /// What it did and is left as it is.
    pub left: Vec<LeftAlone>,
    /// How many of its changes the live side does not show any more: they are as they were before.
    pub as_before: usize,
    /// How many changes the configuration asks for because of the plan once it is applied; none where that cannot be worked
    /// out.
    pub still_asked_for: Option<usize>,
}

/// Something that a run did and that is not taken back, at least in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAlone {
    /// The change of the run.
    pub change: Change,
    /// Why, in words.
    pub why: String,
}

/// What a plan that takes a run back cannot make as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting<'a> {
    /// Somebody who was removed is invited again, and has access once they accept.
    Accepts(&'a Email),
    /// A team is made anew, and has another id.
    NewTeam(&'a TeamName),
    /// The mail of an invitation has been sent.
    Mail(&'a Email),
}

impl Plan {
    /// What cannot be as it was, in the order of the plan.
    pub fn lasting(&self) -> impl Iterator<Item = Lasting<'_>> {
        self.to_do().filter_map(|planned| match &planned.change {
            Change::InviteUser { user, .. } if planned.channel != Channel::Scim => Some(Lasting::Accepts(user)),
            Change::CreateTeam { team } => Some(Lasting::NewTeam(team)),
            Change::CancelInvite { user } => Some(Lasting::Mail(user)),
            Change::InviteUser { .. }
            | Change::RenameTeam { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. }
            | Change::RemoveUser { .. } => None,
        })
    }
}
