//! What ends soon, and what is over and still written down, of all organizations of a run.

use std::io::{self, Write};

use jiff::Timestamp;

use super::changes::{org_role, place, reason, team_name};
use super::line::{CHANGED, DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use super::words::{count, list};
use crate::desired::{Entry, Expiring, ExpiringState};
use crate::model::{OrgKey, ProjectKey, ProjectRole};
use crate::render::{Options, visible, visible_name, visible_within_width, width};
use crate::source::Sources;

/// Entries shown of each kind before the rest is counted.
const SHOWN: usize = 10;
/// What would hide fewer than this is not folded.
const WORTH_HIDING: usize = 2;
const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// What ends in one organization.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// The organization.
    pub org: &'a OrgKey,
    /// The moment from which is counted.
    pub as_of: Timestamp,
    /// What ends.
    pub expiring: &'a [Expiring],
}

/// Writes what ends, the most urgent first; nothing where there is none.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_ending(
    out: &mut dyn Write,
    endings: &[Ending<'_>],
    sources: &Sources,
    options: Options,
) -> io::Result<()> {
    for (state, title, about) in [
        (ExpiringState::EndsSoon, "Ends soon", "what ends by itself"),
        (ExpiringState::Over, "Ended", "not desired any more"),
        (ExpiringState::Deletable, "Ended 30 days ago or earlier", "these entries can be deleted"),
    ] {
        let mut entries: Vec<(&Ending<'_>, &Expiring)> = endings
            .iter()
            .flat_map(|ending| ending.expiring.iter().map(move |one| (ending, one)))
            .filter(|(_, one)| one.state == state)
            .collect();
        if entries.is_empty() {
            continue;
        }
        entries.sort_by_key(|(ending, one)| (one.until.at, ending.org, one.place));
        writeln!(out)?;
        write_paragraph(out, 0, options.width, &[(TITLE, title), (PLAIN, "  "), (DIM, about)])?;
        let all = options.verbose || entries.len() < SHOWN + WORTH_HIDING;
        let shown = if all { entries.len() } else { SHOWN };
        let moments: Vec<String> = entries[..shown].iter().map(|(ending, one)| moment(ending.as_of, one)).collect();
        let widest = moments.iter().map(|text| width(text)).max().unwrap_or(0);
        for ((ending, one), moment) in entries.iter().zip(&moments) {
            let mut first = Line::indented(2);
            first.push(CHANGED, moment).pad_to(2 + widest).push(PLAIN, "  ");
            let mut fill = Fill::new(first, 6, options.width);
            let org = if endings.len() > 1 { format!("{}: ", visible_name(ending.org)) } else { String::new() };
            fill.piece(PLAIN, &format!("{org}{}", entry_text(&one.entry)));
            let reason = one.note.as_deref().map(reason).unwrap_or_default();
            if !reason.is_empty() {
                let room = if options.verbose { usize::MAX } else { fill.line_room() };
                fill.piece(DIM, &visible_within_width(&reason, room));
            }
            fill.piece(DIM, &place(sources, one.until.place));
            for line in fill.finish() {
                line.write(out)?;
            }
        }
        if shown < entries.len() {
            writeln!(out, "  {DIM}… and {}; -v shows all{DIM:#}", count(entries.len() - shown, "more entry"))?;
        }
    }
    Ok(())
}

/// When it ends, as written, and how far that is.
fn moment(as_of: Timestamp, one: &Expiring) -> String {
    let days = |seconds: i64| count(usize::try_from(seconds / SECONDS_A_DAY).unwrap_or(0), "day");
    let seconds = one.until.at.duration_since(as_of).as_secs();
    let far = match (one.state, seconds.abs() < SECONDS_A_DAY) {
        (ExpiringState::EndsSoon, true) => "within a day".to_owned(),
        (ExpiringState::EndsSoon, false) => format!("in {}", days(seconds)),
        (ExpiringState::Over | ExpiringState::Deletable, true) => "within the last day".to_owned(),
        (ExpiringState::Over | ExpiringState::Deletable, false) => format!("{} ago", days(-seconds)),
    };
    format!("{} ({far})", one.until)
}

/// An entry in words.
pub(crate) fn entry_text(entry: &Entry) -> String {
    let role_on = |role: &ProjectRole, projects: &[ProjectKey]| {
        let names: Vec<_> = projects.iter().map(|key| visible_name(key)).collect();
        format!("{} on {}", visible_name(role.as_str()), list(&names))
    };
    match entry {
        Entry::User(user, role) => format!("{}, {}", visible(user), org_role(role)),
        Entry::Member(team, user) => format!("{} in {}", visible(user), team_name("team", team)),
        Entry::TeamRole(team, on, role) => format!("{}, {}", team_name("team", team), role_on(role, on)),
        Entry::Exception(rule) => format!("exception of the rule {}", visible_name(rule)),
        Entry::Waiver(removals, invites) => {
            let numbers = [(*removals, "removal"), (*invites, "invitation")];
            let parts = numbers.into_iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(number, noun));
            format!("waiver of {}", parts.collect::<Vec<_>>().join(" and "))
        }
        Entry::Acceptance(observed, on) => {
            let who = [
                observed.user().map(|user| visible(user).into_owned()),
                observed.team().map(|team| team_name("team", team)),
            ];
            let who: Vec<String> = who.into_iter().flatten().collect();
            let who = if who.is_empty() { "everyone".to_owned() } else { who.join(" in ") };
            let what = match observed.role() {
                Some(role) => format!(", {}", visible_name(role)),
                None if observed.is_missing() => ", missing".to_owned(),
                None => String::new(),
            };
            let names: Vec<_> = on.iter().map(|key| visible_name(key)).collect();
            let on = if names.is_empty() { String::new() } else { format!(" on {}", list(&names)) };
            format!("acceptance of {who}{what}{on}")
        }
        Entry::Grant(user, on, role) => format!("{}, {}", visible(user), role_on(role, on)),
    }
}
