//! Users of the organization: rows 12 and 13, P6 and P7.

use serde::Serialize;

use super::{Edit, Organization, level, refuse_org_role_above};
use crate::change::Change;
use crate::model::{OrgRole, Status};
use crate::serve::answer::{Answer, Refusal};
use crate::serve::request::Call;
use crate::serve::wire;

/// Row 12: those who have joined. Pending people stand in P2.
pub(in crate::serve) fn list(organization: &mut Organization, _: &Call<'_>) -> Result<Answer, Refusal> {
    #[derive(Serialize)]
    struct User<'a> {
        id: u64,
        email: &'a str,
        name: String,
        role: &'a str,
        invited: bool,
    }
    let joined = organization.state().users.iter().filter(|(_, user)| !user.status.is_invited());
    let users = joined.map(|(email, user)| User {
        id: organization.user_id(email),
        email,
        name: organization.name(email),
        role: user.role.as_str(),
        invited: false,
    });
    Answer::ok(&users.collect::<Vec<_>>())
}

/// P6: sets an org role, of a user or of a pending person.
pub(in crate::serve) fn set_role(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::UpdateUser { role } = wire::read(call.body)?;
    let to = org_role(organization, &role)?;
    let (email, user) = organization.user_by_id(call.number("uid")?)?;
    refuse_org_role_above(&call.role, &to)?;
    refuse_org_role_above(&call.role, &user.role)?;
    if user.role != to {
        let change = Change::SetOrgRole { user: email.clone(), from: user.role.clone(), to };
        organization.commit(&[Edit::Change(change)], call.now)?;
    }
    Answer::updated()
}

/// P7: removes people from the organization, pending ones too. Only somebody of a lower level can be removed
/// (dossier 1.4).
pub(in crate::serve) fn remove(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::UserIds { ids } = wire::read(call.body)?;
    let mut ids = wire::numbers(&ids)?;
    ids.sort_unstable();
    ids.dedup();
    let mut edits = Vec::new();
    for id in ids {
        let (email, user) = organization.user_by_id(id)?;
        if level(&user.role) >= level(&call.role) {
            return Err(Refusal::Forbidden(format!("you cannot remove {email}, whose role is not below your own")));
        }
        let user_email = email.clone();
        edits.push(Edit::Change(match user.status {
            Status::Active => Change::RemoveUser { user: user_email },
            Status::Invited { .. } => Change::CancelInvite { user: user_email },
        }));
    }
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// The org role that a text means: one of those that are known, or one that somebody has.
pub(super) fn org_role(organization: &Organization, text: &str) -> Result<OrgRole, Refusal> {
    let had = || organization.state().users.values().map(|user| &user.role).find(|role| role.as_str() == text).cloned();
    let none = || Refusal::Malformed(format!("there is no organization role {text:?}"));
    OrgRole::from_name(text).or_else(had).ok_or_else(none)
}
