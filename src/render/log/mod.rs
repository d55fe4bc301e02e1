//! What was done, as text, CSV and JSON: the answer of `accessctl log`.

mod csv;
mod json;
mod text;

use std::borrow::Cow;

use super::text::with_article;
use super::{visible, visible_name};
use crate::journal::{Record, ToldChange, Word};

pub use csv::write_csv;
pub use json::{FORMAT, schema, write_json};
pub use text::write_text;

/// The word for an invitation that the live side does not show after a mail for it was sent, or may have been: that is
/// no proof that there was none.
const UNSEEN: &str = "not seen";

/// The word for how a change ended, and whether the live side is as the change leaves it.
fn outcome(change: &ToldChange<'_>) -> &'static str {
    match (change.logged.ended.map(|(_, ended)| ended.outcome), &change.settled) {
        (None | Some(Word::Unknown | Word::Applied), Some(settled)) if !settled.done && change.logged.record.mail => {
            UNSEEN
        }
        (None | Some(Word::Unknown), Some(settled)) if settled.done => "settled: done",
        (None | Some(Word::Unknown), Some(_)) => "settled: not done",
        // It was answered that it is done, and the live side as it was read afterwards says otherwise.
        (Some(Word::Applied), Some(settled)) if !settled.done => "no effect",
        (None, None) => "unknown",
        (Some(word), _) => word.as_str(),
    }
}

/// The change as a sentence.
fn sentence(record: &Record) -> String {
    fn shown(text: &Option<String>) -> Cow<'_, str> {
        text.as_deref().map_or(Cow::Borrowed("?"), visible_name)
    }
    let (user, team, project) = (shown(&record.user), shown(&record.team), shown(&record.project));
    let (from, to) = (shown(&record.from), shown(&record.to));
    let role = match &record.from {
        Some(_) => format!("{from} -> {to}"),
        None => format!("gets {to}"),
    };
    match record.kind.as_str() {
        "invite_user" if record.channel == "scim" => format!("make {user} {}", with_article(&to)),
        "invite_user" => format!("invite {user} as {to}"),
        "cancel_invite" => format!("cancel the invitation of {user}"),
        "set_org_role" => format!("org role of {user} {role}"),
        "remove_user" => format!("remove {user}"),
        "create_team" => format!("create team {team}"),
        "rename_team" => format!("rename team {from} to {to}"),
        "delete_team" => format!("delete team {team}"),
        "add_team_member" => format!("{user} joins team {team}"),
        "remove_team_member" => format!("{user} leaves team {team}"),
        "set_team_role" => format!("team {team} {role} on {project}"),
        "remove_team_role" => format!("team {team} no longer {from} on {project}"),
        "set_grant" => format!("{user} {role} on {project}"),
        "remove_grant" => format!("{user} no longer {from} on {project}"),
        "set_everyone" => format!("everyone {role} on {project}"),
        "remove_everyone" => format!("everyone no longer {from} on {project}"),
        other => format!("{} of {user}, team {team}, project {project}", visible(other)),
    }
}
