//! Remarks about people who approve what they have themselves.

use std::collections::BTreeMap;

use super::{Found, Lint, some_of};
use crate::desired::Note;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Email;
use crate::source::Span;

/// People who approve what they have themselves, by whatever address of theirs: their entry, a membership, a grant, or the
/// role of a team that they are in.
pub(super) fn approvers(lint: &Lint<'_>, found: &mut Found<'_>) {
    let desired = lint.desired;
    let people = desired.users.iter().flatten();
    let now: BTreeMap<&Email, &Email> =
        people.flat_map(|(new, user)| user.previously.keys().map(move |old| (old, new))).collect();
    let approved = |note: Option<&Note>, email: &Email| {
        note.filter(|note| !note.window.is_over(lint.as_of)).is_some_and(|note| {
            note.approved_by.iter().any(|approver| now.get(approver).copied().unwrap_or(approver) == email)
        })
    };
    let users = desired.users.iter().flatten().map(|(email, user)| (email, user.role.place, user.role.note.as_deref()));
    let members = desired.teams.values().flat_map(|team| team.members.iter().flatten());
    let members = members.map(|(email, fact)| (email, fact.place, fact.note.as_deref()));
    let grants = desired.grants.iter().map(|((email, _), fact)| (email, fact.place, fact.note.as_deref()));
    let help = "name somebody else under `approved_by`";
    let mut before: Option<(&Email, Span)> = None;
    for (email, place, note) in users.chain(members).chain(grants) {
        // A grant on a group of projects is one line.
        if !approved(note, email) || before == Some((email, place)) {
            continue;
        }
        before = Some((email, place));
        let message = format!("`{email}` approved their own access");
        let remark = Diagnostic::at(Code::ApprovesOwnAccess, place, message, "approved by the same person");
        found.push(remark.help(help));
    }
    for (name, team) in &desired.teams {
        let mut before: Option<Span> = None;
        for fact in team.roles.iter().flat_map(|roles| roles.values()) {
            let note = fact.note.as_deref();
            if note.is_none_or(|note| note.approved_by.is_empty()) || before == Some(fact.place) {
                continue;
            }
            before = Some(fact.place);
            let members = team.members.iter().flatten();
            let of_them = members.filter(|(email, member)| lint.counts(email, member) && approved(note, email));
            let names: Vec<String> = of_them.map(|(email, _)| format!("`{email}`")).collect();
            if !names.is_empty() {
                let message = format!("{} approved the role of the team `{name}`, in which they are", some_of(&names));
                let remark = Diagnostic::at(Code::ApprovesOwnAccess, fact.place, message, "approved by a member");
                found.push(remark.help(help));
            }
        }
    }
}
