//! What is suspicious about what the service said, or was not read although it is not needed. Not yet inert.

use std::collections::BTreeSet;

use super::Settings;
use super::merge::without_grants;
use super::read::{Answers, Part};
use crate::catalogue::{Field, Operation};
use crate::change::ChangeKind;
use crate::model::{Email, State, Status, User};

/// Lists that are this long may have been cut off (dossier 7, "Pagination").
const SUSPICIOUS: [usize; 3] = [100, 500, 1000];
/// How many names a sentence has.
const NAMED: usize = 5;

/// What is told of the answers.
pub(super) fn of_answers(answers: &Answers, unseen: &BTreeSet<Email>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut count = |operation: Operation, about: String, rows: usize| {
        if SUSPICIOUS.contains(&rows) {
            warnings.push(format!(
                "`{}`{about} has exactly {rows} rows: it may be the first page of a longer list; compare the number \
                 with what the service shows{}",
                operation.entry().name,
                if is_about_people(operation) { "; nobody is invited by request meanwhile" } else { "" }
            ));
        }
    };
    count(Operation::ListProjects, String::new(), answers.projects.len());
    count(Operation::ListUsers, String::new(), answers.users.len());
    count(Operation::ListInvitations, String::new(), answers.invitations.rows().len());
    count(Operation::ListTeams, String::new(), answers.teams.rows().len());
    for (id, access) in &answers.access {
        count(Operation::ListGrants, format!(" of project {}", id.0), access.listed);
    }
    let least = "access is at least what is shown";
    if let Part::OutOfReach(cause) = &answers.teams {
        warnings.push(format!("teams cannot be read ({cause}): {least}"));
    }
    let without: Vec<String> = without_grants(answers).map(|id| id.0.to_string()).collect();
    if !without.is_empty() {
        let named = some_of(without.iter().map(String::as_str), without.len());
        warnings.push(format!("the grants on project {named} cannot be read: {least}"));
    }
    if !unseen.is_empty() {
        let named = some_of(unseen.iter().map(Email::as_str), unseen.len());
        warnings.push(format!(
            "{named}: named by teams or projects, and no users as far as was read; pending invitations are not read \
             unless `backend.unverified` lists `list_invitations`, so they are neither invited nor added nor taken out, and teams \
             that have them are not deleted and keep their roles"
        ));
    }
    warnings
}

/// What is told of lists that disagree about teams.
pub(super) fn of_teams(differences: &[String]) -> Option<String> {
    (!differences.is_empty()).then(|| {
        let told = some_of_long(differences);
        format!("the lists disagree about teams, which are taken as `list_teams` has them: {told}")
    })
}

/// What is told of lists that disagree about who has which id.
pub(super) fn of_ids_told(doubts: &[String]) -> Option<String> {
    (!doubts.is_empty()).then(|| {
        let told = some_of_long(doubts);
        format!("the lists disagree about ids, which no request is written with: {told}")
    })
}

/// Why the lists of people may be cut off, so that somebody may be invited or a user who is in neither.
pub(super) fn of_people(answers: &Answers) -> Option<String> {
    let lists =
        [(Operation::ListInvitations, answers.invitations.rows().len()), (Operation::ListUsers, answers.users.len())];
    let (operation, rows) = lists.into_iter().find(|(_, rows)| SUSPICIOUS.contains(rows))?;
    Some(format!("`{}` has exactly {rows} rows, and may be the first page of a longer list", operation.entry().name))
}

fn is_about_people(operation: Operation) -> bool {
    matches!(operation, Operation::ListInvitations | Operation::ListUsers)
}

/// What is told of the whole.
pub(super) fn of_state(state: &State) -> Vec<String> {
    let unknown = state.unknown_org_roles().into_iter().map(|(role, users)| {
        let named = some_of(users.iter().map(|user| user.as_str()), users.len());
        let has = if users.len() == 1 { "has" } else { "have" };
        format!("{named} {has} the org role `{role}`: what it can do is not known")
    });
    let mut warnings: Vec<String> = unknown.collect();
    let undated = |user: &&User| matches!(user.status, Status::Invited { at: None });
    match state.users.values().filter(undated).count() {
        0 => {}
        number => {
            let (do_not, each) = if number == 1 { ("does not", "it counts") } else { ("do not", "each counts") };
            let invitations = if number == 1 { "invitation" } else { "invitations" };
            warnings.push(format!(
                "{number} pending {invitations} {do_not} say when the mail was sent: {each} as sent now under \
                 `backend.limits.invitations_per_hour`"
            ));
        }
    }
    warnings
}

/// What is told of users without an id, where a request that may be sent would name them by it.
pub(super) fn of_ids(settings: &Settings, state: &State) -> Option<String> {
    let catalogue = &settings.catalogue;
    let is_named = |kind: &ChangeKind| {
        catalogue.can_request(*kind) && catalogue.fields(Operation::of(*kind)).contains(&Field::UserId)
    };
    let kinds: Vec<&str> = ChangeKind::ALL.into_iter().filter(is_named).map(ChangeKind::as_str).collect();
    let users = &state.unread.ids;
    if kinds.is_empty() || users.is_empty() {
        return None;
    }
    let is_invited = |user: &&Email| state.users.get(*user).is_some_and(|found| found.status.is_invited());
    let (invited, joined): (Vec<&Email>, Vec<&Email>) = users.iter().partition(is_invited);
    let of = |(operation, users): (Operation, Vec<&Email>)| {
        let named = some_of(users.iter().map(|user| user.as_str()), users.len());
        (!users.is_empty()).then(|| format!("`{}` does not tell the `id` of {named}", operation.entry().name))
    };
    let lists = [(Operation::ListUsers, joined), (Operation::ListInvitations, invited)].into_iter().filter_map(of);
    Some(format!(
        "{}, by which requests name them: what they would be named in is done by hand ({})",
        lists.collect::<Vec<_>>().join(", and "),
        kinds.join(", ")
    ))
}

/// The first of many names.
fn some_of<'n>(names: impl Iterator<Item = &'n str>, number: usize) -> String {
    let first: Vec<&str> = names.take(NAMED).collect();
    let more = number - first.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", first.join(", "))
}

/// The first of many sentences.
fn some_of_long(texts: &[String]) -> String {
    let first: Vec<&str> = texts.iter().take(NAMED).map(String::as_str).collect();
    let more = texts.len() - first.len();
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{}{more}", first.join("; "))
}
