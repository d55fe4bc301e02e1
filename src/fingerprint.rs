//! Names for contents: two live sides are the same when their fingerprints are.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::model::{Project, State, Status, Team, Unread, User};

/// Returns `sha256:` and the hash of everything in `state` that can cause a change.
///
/// When people were last seen and when they were invited is left out: it moves by itself and changes nobody's access.
/// The bytes that are hashed are written down in `docs/plan-json.md`; every text carries its length, so that no two
/// states have the same bytes.
pub fn fingerprint(state: &State) -> String {
    let mut hash = Fields(Sha256::new());
    let State { organization, projects, users, teams, grants, unread } = state;
    hash.text("accessctl.state/1");
    hash.number(organization.id.get());
    hash.text(&organization.name);
    hash.length(projects.len());
    for (id, Project { name, everyone, roles }) in projects {
        hash.number(id.get());
        hash.text(name);
        hash.text(everyone.as_ref().map_or("", |role| role.as_str()));
        hash.length(roles.len());
        for role in roles {
            hash.text(role);
        }
    }
    hash.length(users.len());
    for (email, User { role, status, last_active: _ }) in users {
        hash.text(email);
        hash.text(role.as_str());
        hash.text(match status {
            Status::Active => "active",
            Status::Invited { at: _ } => "invited",
        });
    }
    hash.length(teams.len());
    for (name, Team { members, roles }) in teams {
        hash.text(name);
        hash.length(members.len());
        for member in members {
            hash.text(member);
        }
        hash.length(roles.len());
        for (project, role) in roles {
            hash.number(project.get());
            hash.text(role.as_str());
        }
    }
    hash.length(grants.len());
    for ((user, project), role) in grants {
        hash.text(user);
        hash.number(project.get());
        hash.text(role.as_str());
    }
    if !unread.service_accounts.is_empty() {
        hash.text("service accounts");
        hash.length(unread.service_accounts.len());
        for (team, number) in &unread.service_accounts {
            hash.text(team);
            hash.number(*number as u64);
        }
    }
    // A state that was read in part is never the same as a whole one; whole ones have the bytes that they always had.
    if !unread.is_empty() {
        // Whether an id was told decides by which way something is changed, and changes nothing by itself.
        let Unread { invitations, teams, projects, people, members, service_accounts: _, ids: _ } = unread;
        hash.text("unread");
        hash.number(u64::from(*invitations));
        hash.number(u64::from(*teams));
        hash.length(projects.len());
        for project in projects {
            hash.number(project.get());
        }
        hash.length(people.len());
        for person in people {
            hash.text(person);
        }
        if !members.is_empty() {
            hash.length(members.len());
            for (team, people) in members {
                hash.text(team);
                hash.length(people.len());
                for person in people {
                    hash.text(person);
                }
            }
        }
    }
    named(hash.0)
}

/// Returns a finished hash as it is shown.
pub(crate) fn named(hash: Sha256) -> String {
    let mut text = "sha256:".to_owned();
    for byte in hash.finalize() {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

struct Fields(Sha256);

impl Fields {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.update(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Email, OrgId, OrgRole, Organization};

    #[test]
    fn only_what_can_cause_a_change_counts() {
        let organization = Organization { id: OrgId::new(1).unwrap(), name: "Acme".to_owned() };
        let empty = State::empty(organization);
        let with = |role, status, last_active| {
            let mut state = empty.clone();
            state.users.insert(Email::new("ana@acme.com").unwrap(), User { role, status, last_active });
            fingerprint(&state)
        };
        let moment = "2026-01-01T00:00:00Z".parse().ok();
        let active = with(OrgRole::Member, Status::Active, None);
        assert_eq!(active, with(OrgRole::Member, Status::Active, moment));
        assert_ne!(active, with(OrgRole::Admin, Status::Active, None));
        let invited = with(OrgRole::Member, Status::Invited { at: None }, None);
        assert_eq!(invited, with(OrgRole::Member, Status::Invited { at: moment }, None));
        assert_ne!(active, invited);
        assert_ne!(active, fingerprint(&empty));
        let part = |unread| fingerprint(&State { unread, ..empty.clone() });
        assert_eq!(part(Unread::default()), fingerprint(&empty));
        assert_ne!(part(Unread { teams: true, ..Unread::default() }), fingerprint(&empty));
        assert_ne!(
            part(Unread { teams: true, ..Unread::default() }),
            part(Unread { invitations: true, ..Unread::default() })
        );
        assert_eq!(fingerprint(&empty).len(), "sha256:".len() + 64);
    }
}
