//! What did not come to its end, told once for all changes that met the same.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::fit::{Item, List, Part};
use super::{cause, mails, moment, sentence, stale_text, unmet_text, unseen_text};
use jiff::Timestamp;

use crate::apply::{Outcome, Report};
use crate::change::{Change, ChangeKind};
use crate::model::{Email, ProjectId, TeamName};
use crate::plan::{ChangeId, Plan};
use crate::render::text::changes;
use crate::render::text::fold::WORTH_HIDING;
use crate::render::text::line::{ADDED, ALARM, DIM, PLAIN, REMOVED, write_paragraph};
use crate::render::text::{count, thousands};
use crate::render::{Options, visible, visible_name};

/// Changes of a group that are shown unless all are asked for.
const SHOWN: usize = 5;

/// Causes of skipped changes that are told each by itself.
const CAUSES: usize = 3;

/// Changes that met the same.
struct Group<'a> {
    /// What they met, as far as it is the same for all.
    head: Vec<(anstyle::Style, String)>,
    /// When each of them may be done, where they are deferred, and why: the end of the head.
    due: Vec<Timestamp>,
    why: String,
    /// Each with its place in the plan, where it has one, and what is told of it alone.
    changes: Vec<(Option<ChangeId>, &'a Change, String)>,
}

/// What failed, was deferred or was skipped; nothing of a change that is told elsewhere. `all` says where all of it
/// stands.
pub(super) fn unfinished(
    plan: &Plan,
    report: &Report,
    left: &[Change],
    all: &str,
    options: Options,
) -> io::Result<List> {
    let left: BTreeMap<_, &Change> = left.iter().map(|change| (subject(change), change)).collect();
    let mut because: Vec<ChangeId> = report.outcomes.iter().filter_map(|(_, outcome)| outcome.because()).collect();
    because.sort_unstable();
    because.dedup();
    let has_many_causes = because.len() > CAUSES;
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let planned = plan.changes.iter().zip(&report.outcomes);
    let planned = planned.map(|(planned, (id, outcome))| (Some(*id), &planned.change, outcome));
    let beside = report.beside.iter().map(|(change, outcome)| (None, change, outcome));
    for (id, change, outcome) in planned.chain(beside) {
        let mut due = None;
        let (mut head, own) = match outcome {
            Outcome::Failed(causes) => {
                (vec![(REMOVED, "FAILED".to_owned()), (PLAIN, chain("", causes))], String::new())
            }
            Outcome::Unknown(causes) => {
                (vec![(ALARM, "UNKNOWN".to_owned()), (PLAIN, chain("", causes))], String::new())
            }
            Outcome::Settled { is_done: true, causes } => {
                let shown = chain(", as the live side shows", causes);
                (vec![(ADDED, "done".to_owned()), (PLAIN, shown)], String::new())
            }
            Outcome::Settled { is_done: false, causes } => {
                let shown = chain(": the live side shows that it was not done", causes);
                let sides = left.get(&subject(change)).and_then(|change| sides(change));
                let own = sides.map_or(String::new(), |sides| format!("; {sides}"));
                (vec![(REMOVED, "FAILED".to_owned()), (PLAIN, shown)], own)
            }
            Outcome::Deferred { until } => {
                // Each has its own moment: they are told together.
                due = Some(*until);
                (vec![(ALARM, "deferred".to_owned()), (PLAIN, format!(": {}", mails(plan, change)))], String::new())
            }
            Outcome::Skipped { because } => {
                let why = format!(" because of {}", cause(plan, *because));
                let skipped = (REMOVED, "skipped".to_owned());
                if has_many_causes { (vec![skipped], why) } else { (vec![skipped, (PLAIN, why)], String::new()) }
            }
            Outcome::Unmet { needs } => (vec![(ALARM, "left out".to_owned())], unmet_text(plan, needs)),
            Outcome::Stale { now } => (vec![(ALARM, "left out".to_owned())], stale_text(now)),
            Outcome::Unseen(known) => (vec![(ALARM, "by hand".to_owned()), (PLAIN, unseen_text(known))], String::new()),
            Outcome::Applied | Outcome::Already | Outcome::Held | Outcome::Manual | Outcome::NotTried => continue,
        };
        let words: String = head.iter().map(|(_, text)| text.as_str()).collect();
        let place = *places.entry(words).or_insert(groups.len());
        if let Some(group) = groups.get_mut(place) {
            group.due.extend(due);
            group.changes.push((id, change, own));
            continue;
        }
        let why = due.and_then(|_| head.pop()).map_or(String::new(), |(_, why)| why);
        groups.push(Group { head, due: due.into_iter().collect(), why, changes: vec![(id, change, own)] });
    }
    let mut list = List { indent: 2, all: all.to_owned(), ..List::default() };
    for group in &groups {
        let mut text = Vec::new();
        group.write(&mut text, plan, all, options)?;
        list.items.push(Item { weight: group.changes.len(), text });
    }
    Ok(list)
}

/// Words and the causes after them.
fn chain(words: &str, causes: &[String]) -> String {
    causes.iter().fold(words.to_owned(), |text, cause| format!("{text}: {}", visible(cause)))
}

/// When deferred changes may be done, in words.
fn when(due: &[Timestamp]) -> String {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for at in due {
        *numbers.entry(moment(*at)).or_default() += 1;
    }
    let moments: Vec<(&str, usize)> = numbers.iter().map(|(at, number)| (at.as_str(), *number)).collect();
    match moments.as_slice() {
        [] => String::new(),
        [(at, _)] => format!(" until {at}"),
        [(first, some), (last, others)] => format!(", {some} until {first} and {others} more until {last}"),
        [(first, some), .., (last, _)] => format!(", {some} until {first} and all until {last}"),
    }
}

impl Group<'_> {
    fn write(&self, out: &mut dyn Write, plan: &Plan, all: &str, options: Options) -> io::Result<()> {
        let mut head: Vec<_> = self.head.iter().map(|(style, text)| (*style, text.as_str())).collect();
        let when = when(&self.due);
        head.extend(
            [(PLAIN, when.as_str()), (PLAIN, self.why.as_str())].into_iter().filter(|(_, text)| !text.is_empty()),
        );
        let total = plan.changes.len();
        if let [(id, change, own)] = self.changes.as_slice() {
            let sign = changes::sign(change);
            let number = id.map_or(String::new(), |id| format!("[{}/{total}] ", id.0));
            let text = sentence(plan, change);
            let what = [(DIM, number.as_str()), (sign.style(), sign.as_str()), (PLAIN, " "), (PLAIN, &text)];
            head.splice(..0, what.into_iter().chain([(PLAIN, ": ")]));
            head.push((PLAIN, own));
            return write_paragraph(out, 2, options.width, &head);
        }
        let many = format!("{} ", count(self.changes.len(), "change"));
        head.insert(0, (PLAIN, &many));
        write_paragraph(out, 2, options.width, &head)?;
        let list = self.changes.iter().map(|(_, change, own)| (*change, sentence(plan, change) + own));
        write_changes(out, 4, list.collect::<Vec<_>>().into_iter(), SHOWN, all, options)
    }
}

/// What the live side still needs: only what is not told above for each change by itself.
pub(super) fn left(plan: &Plan, report: &Report, left: &[Change], options: Options) -> io::Result<Vec<Part>> {
    let planned = plan.changes.iter().zip(&report.outcomes);
    let told: BTreeMap<&Change, bool> =
        planned.map(|(planned, (_, outcome))| (&planned.change, outcome.is_done())).collect();
    let (mut undone, mut others): (Vec<&Change>, Vec<&Change>) = (Vec::new(), Vec::new());
    for change in left {
        match told.get(change) {
            Some(true) => undone.push(change),
            None => others.push(change),
            Some(false) => {}
        }
    }
    let among = if undone.len() + others.len() == left.len() {
        String::new()
    } else if undone.is_empty() && others.is_empty() {
        ", all told above".to_owned()
    } else {
        ", among them what is told above".to_owned()
    };
    let text = format!("read again: {} still to be made{among}", count(left.len(), "change"));
    let mut heading = Vec::new();
    write_paragraph(&mut heading, 2, options.width, &[(ALARM, &text)])?;
    let mut parts = vec![Part::Whole(heading)];
    let lists =
        [("did not take effect, although the backend said so", undone), ("not in the plan, or only in part", others)];
    for (what, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
        let mut heading = Vec::new();
        let many = format!("{} {what}", count(list.len(), "change"));
        write_paragraph(&mut heading, 4, options.width, &[(PLAIN, &many)])?;
        let mut items = Vec::with_capacity(list.len());
        for change in list {
            let mut text = Vec::new();
            let sides = sides(change).map_or(String::new(), |sides| format!(": {sides}"));
            write_change(&mut text, 6, change, &(sentence(plan, change) + &sides), options)?;
            items.push(Item { weight: 1, text });
        }
        let all = "`accessctl plan -v` shows all".to_owned();
        parts.push(Part::List(List { heading, items, most: Some(4 * SHOWN), indent: 6, all }));
    }
    Ok(parts)
}

/// What a change is about: two changes of the same differ in their roles alone.
fn subject(change: &Change) -> (&'static str, Option<&Email>, Option<&TeamName>, Option<ProjectId>) {
    let what = match change.kind() {
        ChangeKind::RemoveEveryone => ChangeKind::SetEveryone,
        ChangeKind::RemoveTeamRole => ChangeKind::SetTeamRole,
        ChangeKind::RemoveGrant => ChangeKind::SetGrant,
        kind @ (ChangeKind::SetOrgRole
        | ChangeKind::SetEveryone
        | ChangeKind::SetTeamRole
        | ChangeKind::SetGrant
        | ChangeKind::InviteUser
        | ChangeKind::CancelInvite
        | ChangeKind::RemoveUser
        | ChangeKind::CreateTeam
        | ChangeKind::RenameTeam
        | ChangeKind::DeleteTeam
        | ChangeKind::AddTeamMember
        | ChangeKind::RemoveTeamMember) => kind,
    };
    (what.as_str(), change.user(), change.team(), change.project())
}

/// What of a role should be, and what the live side shows, where both are known.
fn sides(change: &Change) -> Option<String> {
    fn shown(role: Option<&str>) -> Cow<'_, str> {
        role.map_or(Cow::Borrowed("no role"), visible_name)
    }
    let (target, live) = match change.kind() {
        ChangeKind::SetOrgRole | ChangeKind::SetEveryone | ChangeKind::SetTeamRole | ChangeKind::SetGrant => {
            (change.to_text(), change.from_text())
        }
        ChangeKind::RemoveEveryone | ChangeKind::RemoveTeamRole | ChangeKind::RemoveGrant => (None, change.from_text()),
        ChangeKind::InviteUser
        | ChangeKind::CancelInvite
        | ChangeKind::RemoveUser
        | ChangeKind::CreateTeam
        | ChangeKind::RenameTeam
        | ChangeKind::DeleteTeam
        | ChangeKind::AddTeamMember
        | ChangeKind::RemoveTeamMember => return None,
    };
    Some(format!("should be {}, is {}", shown(target), shown(live)))
}

/// Writes changes as a list, each as a sentence; beyond `most` only how many there are and, in the words `all`, where all
/// of them stand, unless all are asked for.
pub(crate) fn write_changes<'c>(
    out: &mut dyn Write,
    indent: usize,
    list: impl ExactSizeIterator<Item = (&'c Change, String)>,
    most: usize,
    all: &str,
    options: Options,
) -> io::Result<()> {
    let number = list.len();
    let shown = if options.verbose || number < most + WORTH_HIDING { number } else { most };
    for (change, text) in list.take(shown) {
        write_change(out, indent, change, &text, options)?;
    }
    if shown == number {
        return Ok(());
    }
    let rest = format!("… and {} more; {all}", thousands(number - shown));
    write_paragraph(out, indent, options.width, &[(DIM, &rest)])
}

fn write_change(out: &mut dyn Write, indent: usize, change: &Change, text: &str, options: Options) -> io::Result<()> {
    let sign = changes::sign(change);
    write_paragraph(out, indent, options.width, &[(sign.style(), sign.as_str()), (PLAIN, " "), (PLAIN, text)])
}
