//! What would have to change, in sentences and as JSON.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::{by, wire};
use crate::desired::{Bound, LapseWhy};
use crate::grounds::Way;
use crate::model::Email;
use crate::render::text::changes::place;
use crate::render::text::count;
use crate::render::text::line::{PLAIN, TITLE, write_paragraph};
use crate::render::{visible, visible_name};
use crate::source::Sources;

/// A way with the moment at which the access begins that it takes away, where that is still to come.
pub(super) type Dated<'a> = (&'a Way<'a>, Option<Bound>);

/// Writes `ways` of `user` below `heading`, unless there are none.
pub(super) fn write_ways<'a>(
    out: &mut dyn Write,
    user: &Email,
    heading: &str,
    ways: impl IntoIterator<Item = Dated<'a>>,
    sources: &Sources,
    width: usize,
) -> io::Result<()> {
    for (index, way) in ways.into_iter().enumerate() {
        if index == 0 {
            writeln!(out)?;
            write_paragraph(out, 2, width, &[(TITLE, heading)])?;
        }
        write_paragraph(out, 4, width, &[(PLAIN, "* "), (PLAIN, &way_words(user, way, sources))])?;
    }
    Ok(())
}

/// What to do, in a sentence.
fn way_words(user: &Email, (way, begins): Dated<'_>, sources: &Sources) -> String {
    let begins = begins.map_or(String::new(), |from| format!("; it begins {from}"));
    what_to_do(user, way, sources) + &begins
}

fn what_to_do(user: &Email, way: &Way<'_>, sources: &Sources) -> String {
    let at = |span| place(sources, span);
    let user = visible(user);
    match way {
        Way::LowerOrgRole { role, place } => {
            let role =
                role.map_or("the org role".to_owned(), |role| format!("the org role {}", visible(role.as_str())));
            let at = place.map_or(String::new(), |place| format!(" at {}", at(place)));
            format!("lower {role}{at}: it reaches every project")
        }
        Way::LeaveTeam { team, place, role_place, members } => {
            let team = visible_name(team);
            let or = role_place.map_or(String::new(), |place| {
                format!(" (or the team's role at {}: all {} lose it)", at(place), count(*members, "member"))
            });
            let or = if *members > 1 { or } else { String::new() };
            format!("remove {user} from the members of team {team} at {}{or}", at(*place))
        }
        Way::RemoveGrant { place, others } => {
            let too = match others {
                0 => String::new(),
                number => format!(": the same line gives {} more", count(*number, "project")),
            };
            format!("remove the grant at {}{too}", at(*place))
        }
        Way::LowerEveryone { place, entry } => {
            let or = entry.map_or(String::new(), |entry| format!(", or remove the user at {}", at(entry)));
            format!("remove `everyone` of the project at {}: all users lose it{or}", at(*place))
        }
        Way::OnlyLive { via, is_kept: true, why: _ } => {
            format!("take away on the service what is given {}: the configuration does not manage it", by(via))
        }
        Way::OnlyLive { via, is_kept: false, why } => {
            let what = by(via);
            match why {
                Some(LapseWhy::Blocked) => {
                    format!("apply the configuration: what is given {what} goes, {user} is blocked")
                }
                Some(LapseWhy::Over) => format!("apply the configuration: what is given {what} is over"),
                Some(LapseWhy::NotYet) => format!("apply the configuration: what is given {what} has not begun"),
                None => format!("apply the configuration: what is given {what} is not in it"),
            }
        }
        Way::DeclareUser => format!("declare {user} under `users`"),
        Way::Renew { why, place, also, is_user: _ } => {
            let what = |why: &LapseWhy, place| match why {
                LapseWhy::Blocked => format!("lift the block at {}", at(place)),
                LapseWhy::Over => format!("write a later `until` at {}", at(place)),
                LapseWhy::NotYet => format!("write an earlier `from` at {}", at(place)),
            };
            let also = also.map_or(String::new(), |(why, place)| format!(", and {}", what(&why, place)));
            format!("{}{also}", what(why, *place))
        }
        Way::JoinTeam { team, role, place, others } => {
            let also = match others {
                0 => String::new(),
                number => format!(" and reaches {} more", count(*number, "project")),
            };
            let (team, role) = (visible_name(team), visible_name(role.as_str()));
            format!("add {user} to the members of team {team} at {}: gives {role}{also}", at(*place))
        }
        Way::GetGrant { is_declared: true } => "add an individual grant under `grants`".to_owned(),
        Way::GetGrant { is_declared: false } => {
            "declare the project under `projects`, and add an individual grant under `grants`".to_owned()
        }
    }
}

/// Something to do.
#[derive(Serialize, JsonSchema)]
pub(super) struct Step<'a> {
    /// What it is.
    #[schemars(extend("enum" = [
        "lower_org_role", "leave_team", "remove_grant", "lower_everyone", "change_live_side", "apply", "declare_user",
        "renew", "join_team", "get_grant"
    ]))]
    action: &'a str,
    /// The team that it is about.
    team: Option<&'a str>,
    /// Where the configuration is edited.
    source: Option<wire::Place<'a>>,
    /// When the access begins that it takes away, where that is still to come.
    #[schemars(extend("format" = "date-time"))]
    begins: Option<String>,
    /// What to do, in a sentence.
    text: String,
}

impl<'a> Step<'a> {
    pub(super) fn new(user: &Email, (way, begins): Dated<'a>, sources: &'a Sources) -> Self {
        let team = match way {
            Way::LeaveTeam { team, .. } | Way::JoinTeam { team, .. } => Some(team.as_str()),
            Way::LowerOrgRole { .. }
            | Way::RemoveGrant { .. }
            | Way::LowerEveryone { .. }
            | Way::OnlyLive { .. }
            | Way::DeclareUser
            | Way::Renew { .. }
            | Way::GetGrant { .. } => None,
        };
        let first = if way.is_first() { "first of all, " } else { "" };
        Self {
            action: way.as_str(),
            team,
            source: way.place().map(|place| wire::Place::new(place, sources)),
            begins: begins.map(|from| from.at.to_string()),
            text: format!("{first}{}", way_words(user, (way, begins), sources)),
        }
    }
}
