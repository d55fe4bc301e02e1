//! Invitations: P1 to P5, and the page behind the link of P4.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use super::users::org_role;
use super::{Edit, Organization, digest, refuse_above, refuse_org_role_above, role_text};
use crate::change::Change;
use crate::model::{Email, Status};
use crate::serve::answer::{Answer, Refusal};
use crate::serve::request::Call;
use crate::serve::wire;

/// P1: invites people, with roles on projects and teams. Who is a user or invited already stays as they are
/// (`created` false); who has an account joins at once (`invited` false) and gets no mail (dossier 1.6).
pub(in crate::serve) fn invite(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    struct Invited {
        email: Email,
        created: bool,
        invited: bool,
    }
    impl Invited {
        fn wire(&self) -> serde_json::Value {
            json!({ "email": self.email.as_str(), "created": self.created, "invited": self.invited })
        }
    }
    let wire::AddUsers { users } = wire::read(call.body)?;
    let (mut edits, mut answers, mut new) = (Vec::new(), Vec::<Invited>::new(), BTreeSet::new());
    for invitee in users {
        let email = wire::email(&invitee.email)?;
        let role = org_role(organization, &invitee.role)?;
        refuse_org_role_above(&call.role, &role)?;
        let (mut grants, mut teams) = (BTreeMap::new(), BTreeSet::new());
        for granted in invitee.projects {
            let project = organization.project(granted.id.number()?)?;
            let role = organization.role(project, &granted.role)?;
            refuse_above(&call.role, &role)?;
            grants.insert(project, role);
        }
        for team in invitee.teams {
            teams.insert(organization.team_by_id(team.id.number()?)?.clone());
        }
        let has_account = organization.has_account(&email);
        let status = organization.state().users.get(&email).map(|user| user.status.is_invited());
        let created = status.is_none() && new.insert(email.clone());
        let invited = status.unwrap_or(!has_account);
        if created {
            edits.push(Edit::Change(Change::InviteUser { user: email.clone(), role }));
            if has_account {
                edits.push(Edit::Join(email.clone()));
            }
            for (project, to) in grants {
                edits.push(Edit::Change(Change::SetGrant { user: email.clone(), project, from: None, to }));
            }
            for team in teams {
                edits.push(Edit::Change(Change::AddTeamMember { team, user: email.clone() }));
            }
        }
        answers.push(Invited { email, created, invited });
    }
    let mailed: Vec<&Email> =
        answers.iter().filter(|answer| answer.created && answer.invited).map(|answer| &answer.email).collect();
    send(organization, &mailed, &edits, call)?;
    Answer::ok(&answers.iter().map(Invited::wire).collect::<Vec<_>>())
}

/// P2: the invitations that are pending.
pub(in crate::serve) fn list(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    #[derive(Serialize)]
    struct Role {
        id: u64,
        role: String,
    }
    #[derive(Serialize)]
    struct Team<'a> {
        id: u64,
        name: &'a str,
    }
    #[derive(Serialize)]
    struct Invitation<'a> {
        id: u64,
        email: &'a str,
        role: &'a str,
        projects: Vec<Role>,
        teams: Vec<Team<'a>>,
        invited_by: &'a str,
        created: Option<String>,
    }
    let state = organization.state();
    let mut teams: BTreeMap<&Email, Vec<Team<'_>>> = BTreeMap::new();
    for (name, team) in &state.teams {
        for member in team.members.iter().filter(|member| is_invited(organization, member)) {
            teams.entry(member).or_default().push(Team { id: organization.team_id(name), name });
        }
    }
    let mut invitations = Vec::new();
    for (email, user) in &state.users {
        let Status::Invited { at } = user.status else { continue };
        let grants = state.grants_of(email);
        invitations.push(Invitation {
            id: organization.user_id(email),
            email,
            role: user.role.as_str(),
            projects: grants.map(|(id, role)| Role { id: id.get(), role: role_text(id, role) }).collect(),
            teams: teams.remove(email).unwrap_or_default(),
            invited_by: call.account,
            created: at.map(|at| at.to_string()),
        });
    }
    Answer::ok(&invitations)
}

/// P3: sends invitations again.
pub(in crate::serve) fn resend(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let emails = invited(organization, call)?;
    let edits: Vec<_> = emails.iter().cloned().map(Edit::Resend).collect();
    send(organization, &emails.iter().collect::<Vec<_>>(), &edits, call)?;
    Answer::success()
}

/// P4: the link of an invitation, to give to the person by another way.
pub(in crate::serve) fn link(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::UserEmail { email } = wire::read(call.body)?;
    let email = invited_user(organization, &email)?;
    let token = token(organization, &email);
    Answer::ok(&json!({ "url": format!("http://{}/rehearsal/invitations/{token}", call.address) }))
}

/// P5: takes invitations back.
pub(in crate::serve) fn cancel(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let emails = invited(organization, call)?;
    let mut edits = Vec::new();
    for user in emails {
        refuse_org_role_above(&call.role, &organization.user(&user)?.role)?;
        edits.push(Edit::Change(Change::CancelInvite { user }));
    }
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// The page behind the link of P4, where a rehearsal goes on as if the person had accepted.
pub(in crate::serve) fn page(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(match find(organization, call.text("id")) {
        // An address has none of the characters that mean something in HTML but `&` and `'`, which stay text here.
        Some(email) => Answer::html(
            200,
            "Invitation",
            &format!("<p>{}</p><form method=\"post\"><button>Accept</button></form>", email.replace('&', "&amp;")),
        ),
        None => Answer::no_such_page(),
    })
}

/// Accepts the invitation behind the link of P4.
pub(in crate::serve) fn accept(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let Some(email) = find(organization, call.text("id")) else { return Ok(Answer::no_such_page()) };
    organization.commit(&[Edit::Join(email)], call.now)?;
    Ok(Answer::html(200, "Welcome", "<p>You have joined.</p>"))
}

/// Does `edits` if their mails fit into the limit. One that does not fit refuses all.
fn send(organization: &mut Organization, mailed: &[&Email], edits: &[Edit], call: &Call<'_>) -> Result<(), Refusal> {
    let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
    for email in mailed {
        *domains.entry(email.domain()).or_default() += 1;
    }
    for (domain, count) in domains {
        if count > organization.mails.left(domain, call.now) {
            return Err(Refusal::Mails(format!("too many invitations to {domain}; try again later")));
        }
    }
    organization.commit(edits, call.now)?;
    // Where a fault lets only a part be done, the others got no mail.
    for email in mailed.iter().filter(|email| organization.state.users.contains_key(**email)) {
        organization.mails.note(email.domain(), call.now);
    }
    Ok(())
}

fn is_invited(organization: &Organization, email: &Email) -> bool {
    organization.state().users.get(email).is_some_and(|user| user.status.is_invited())
}

/// The pending people whom the body names, each once.
fn invited(organization: &Organization, call: &Call<'_>) -> Result<BTreeSet<Email>, Refusal> {
    let wire::Emails { emails } = wire::read(call.body)?;
    emails.iter().map(|email| invited_user(organization, email)).collect()
}

fn invited_user(organization: &Organization, email: &str) -> Result<Email, Refusal> {
    let email = wire::email(email)?;
    if is_invited(organization, &email) {
        Ok(email)
    } else {
        Err(Refusal::Missing(format!("there is no invitation of {email}")))
    }
}

fn token(organization: &Organization, email: &Email) -> String {
    digest(&format!("invitation {} {email}", organization.user_id(email))).split_off(32)
}

fn find(organization: &Organization, wanted: &str) -> Option<Email> {
    let invited = organization.state().users.iter().filter(|(_, user)| user.status.is_invited());
    invited.map(|(email, _)| email).find(|email| token(organization, email) == wanted).cloned()
}
