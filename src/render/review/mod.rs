//! The access review: every user, project and source, as text, CSV, Markdown and HTML.
//!
//! A million rows stream: people are worked out while they are written, in some forms more than once.

mod cells;
mod csv;
mod html;
mod markdown;
mod text;

use crate::grounds::{Compared, Mark, Standing, View};
use crate::model::ProjectRole;
use crate::render::access::{row_lapse_words, unknown_words};
use crate::render::text::{count, thousands};
use crate::render::visible_name;
use crate::review::{Filter, Totals};

pub use csv::write_csv;
pub use html::write_html;
pub use markdown::write_markdown;
pub use text::write_text;

/// What was asked for, in words; nothing where everything was.
fn filter_words(filter: &Filter) -> Vec<String> {
    let Filter { external, role_at_least, environment, team, expiring_within } = filter;
    let mut words = Vec::new();
    if *external {
        words.push("external users".to_owned());
    }
    words.extend(role_at_least.as_ref().map(|role| format!("at least {}", visible_name(role.as_str()))));
    words.extend(environment.as_ref().map(|name| format!("environment {}", visible_name(name))));
    words.extend(expiring_within.map(|within| match (within.as_hours() % 24, within.as_hours() / 24) {
        (0, days) => format!("ending within {days} d"),
        (_, _) => format!("ending within {} h", within.as_hours()),
    }));
    words.extend(team.as_ref().map(|team| format!("through team {}", visible_name(team))));
    words
}

/// The numbers, each in a few words.
fn totals_words(totals: &Totals<'_>, is_open: bool) -> Vec<String> {
    let Totals { users, without_access, reviewed, planned, external, invited, rows, roles, sources, differences } =
        totals;
    let mut words = vec![if is_open {
        format!("{} with access, {} without", count(*reviewed, "user"), thousands(*without_access))
    } else {
        format!("{} of {}", thousands(*reviewed), count(*users, "user"))
    }];
    words.push(format!("{} external, {} invited", thousands(*external), thousands(*invited)));
    words.push(count(*rows, "source"));
    // The strongest first; those that a project defines come last.
    let (built_in, custom): (Vec<_>, Vec<_>) =
        roles.iter().partition(|(role, _)| matches!(role, ProjectRole::BuiltIn(_)));
    let by_role = built_in.into_iter().rev().chain(custom);
    let by_role = by_role.map(|(role, number)| format!("{} {}", thousands(*number), visible_name(role.as_str())));
    words.push(by_role.collect::<Vec<_>>().join(", "));
    let by_source = sources.iter().map(|(via, number)| format!("{} {}", thousands(*number), via_name(via)));
    words.push(by_source.collect::<Vec<_>>().join(", "));
    if *planned > 0 {
        words.push(format!("{} with desired access only", count(*planned, "more user")));
    }
    let differing = differences.iter().map(|(mark, number)| format!("{} {}", thousands(*number), difference(*mark)));
    words.push(differing.collect::<Vec<_>>().join(", "));
    words.retain(|words| !words.is_empty());
    words
}

/// What of the live side is not known, so that people may have more access than is shown.
fn not_known(view: View<'_>) -> impl Iterator<Item = String> {
    unknown_words(view).into_iter().map(|words| format!("not known: {words}"))
}

/// What gives access, as people read it.
fn via_name(via: &str) -> &str {
    match via {
        "org_role" => "by org role",
        "team" => "by team",
        "grant" => "by grant",
        "everyone" => "like everyone",
        other => other,
    }
}

/// The days of the two sides, in words: that of the live side is the day on which it was read.
fn days(view: View<'_>) -> String {
    match view.live_day() {
        Some(live) if live != view.day() => format!("on {live}, the configuration on {}", view.day()),
        Some(_) | None => format!("on {}", view.day()),
    }
}

/// How the sides differ in one row of somebody of this standing, with what there is to be said of it.
fn row_difference(row: &Compared<'_>, standing: Standing<'_>) -> String {
    let lapse = row_lapse_words(row);
    let words = match (row.mark, lapse) {
        (Mark::OtherRole, _) => {
            let role = row.desired.map_or("", |access| access.source.role.as_str());
            // The end of the row itself stands in its own place.
            let end = row.desired.and_then(|access| access.until()).filter(|end| Some(*end) != row.until());
            format!("desired: {}{}", visible_name(role), end.map_or(String::new(), |end| format!(" until {end}")))
        }
        (Mark::Blocked | Mark::Over | Mark::NotYet, Some(words)) => words,
        (Mark::Kept, Some(words)) => format!("live only (kept, {words})"),
        (Mark::LiveOnly, _) if standing == Standing::NotDeclared => "live only (user not declared)".to_owned(),
        (mark, _) => difference(mark).to_owned(),
    };
    let team = row.live_team.map(|name| format!("live team: {}", visible_name(name)));
    let parts: Vec<String> = Some(words).filter(|words| !words.is_empty()).into_iter().chain(team).collect();
    parts.join("; ")
}

/// How the sides differ, in a few words; nothing where they do not.
fn difference(mark: Mark) -> &'static str {
    match mark {
        Mark::Same => "",
        Mark::DesiredOnly => "desired only",
        Mark::LiveOnly => "live only",
        Mark::Blocked => "blocked",
        Mark::Over => "ended",
        Mark::NotYet => "not begun",
        Mark::Kept => "live only (kept)",
        Mark::OtherRole => "other role",
    }
}
