//! Effective access: what people gain, lose and keep, in sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::changes::{project_name, team_name};
use super::line::{ALARM, DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use super::rows::Sign;
use super::unread::{of_all, perhaps};
use super::words::{count, list, list_of, thousands};
use crate::access::{AccessChange, AccessSource, Effect, UnreadSources, UserAccess, Via};
use crate::model::{ProjectId, ProjectRole};
use crate::plan::Plan;
use crate::render::unread::as_far_as_known;
use crate::render::{Options, visible, visible_name};

/// What is to be said of one person, or of several alike.
#[derive(Debug)]
pub(crate) struct Told {
    /// Who.
    pub(crate) title: String,
    /// Whether they are invited only; nothing where they are not.
    pub(crate) standing: &'static str,
    /// What happens, one sentence for each group of projects that are alike.
    pub(crate) sentences: Vec<Sentence>,
}

impl Told {
    /// What is to be said of `access`, of which the person is called `title`.
    pub(crate) fn new(plan: &Plan, title: String, access: &UserAccess<'_>, verbose: bool) -> Self {
        let comes = access.rows().any(|row| matches!(row.effect, Effect::Gain | Effect::Raise));
        let standing = match (access.pending, access.stays) {
            (false, _) => "",
            (true, true) if comes => "(once they accept)",
            (true, true) => "(has not joined)",
            (true, false) => "(was invited)",
        };
        Self { title, standing, sentences: sentences(plan, access, verbose) }
    }

    pub(super) fn write(&self, out: &mut dyn Write, options: Options) -> io::Result<()> {
        let mut fill = Fill::new(Line::indented(4), 6, options.width);
        fill.words(PLAIN, &self.title);
        if !self.standing.is_empty() {
            fill.piece(DIM, self.standing);
        }
        for line in fill.finish() {
            line.write(out)?;
        }
        for sentence in &self.sentences {
            let mut first = Line::default();
            first.push(PLAIN, "    ").push(ALARM, if sentence.alarm { "!" } else { " " }).push(PLAIN, " ");
            first.push(sentence.sign.style(), sentence.sign.as_str()).push(PLAIN, " ");
            let mut fill = Fill::new(first, 10, options.width);
            fill.words(if sentence.alarm { ALARM } else { PLAIN }, &sentence.text);
            for line in fill.finish() {
                line.write(out)?;
            }
        }
        Ok(())
    }
}

/// Writes the section of `plan` without folding, one user after another: so many users and changes, below `heading`.
pub(crate) fn write_all<'a>(
    out: &mut dyn Write,
    plan: &Plan,
    heading: Heading,
    (users, rows): (usize, usize),
    all: impl Iterator<Item = UserAccess<'a>>,
    options: Options,
) -> io::Result<()> {
    if users == 0 {
        return write_nobody(out, plan, options);
    }
    write_heading(out, heading, users, rows, options)?;
    for access in all {
        Told::new(plan, visible(access.user).into_owned(), &access, options.verbose).write(out, options)?;
    }
    Ok(())
}

/// The title of a section, and what it is about.
pub(crate) type Heading = [&'static str; 2];

/// What the changes of a plan do to people.
pub(crate) const EFFECTIVE: Heading = ["Effective access", "what really changes for people"];

/// Writes the section where nobody's access changes.
pub(super) fn write_nobody(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let text = format!("nobody's access to a project changes{}", as_far_as_known(&plan.live));
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(TITLE, EFFECTIVE[0]), (PLAIN, "  "), (PLAIN, &text)])
}

/// Writes the heading of the section.
pub(super) fn write_heading(
    out: &mut dyn Write,
    [title, about]: Heading,
    users: usize,
    rows: usize,
    options: Options,
) -> io::Result<()> {
    let text = format!("{about}: {} for {}", count(rows, "change"), count(users, "user"));
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(TITLE, title), (PLAIN, "  "), (DIM, &text)])
}

/// What happens to somebody on some projects.
#[derive(Debug)]
pub(crate) struct Sentence {
    /// Whether it gives, alters or takes.
    pub(crate) sign: Sign,
    /// Whether somebody becomes admin or owner.
    pub(crate) alarm: bool,
    /// The words.
    pub(crate) text: String,
}

/// What happens to one user, one sentence for each group of projects that are alike.
fn sentences(plan: &Plan, access: &UserAccess<'_>, verbose: bool) -> Vec<Sentence> {
    if !access.stays {
        return vec![Sentence { sign: Sign::Remove, alarm: false, text: loses_everything(plan, access, verbose) }];
    }
    let mut said = Vec::new();
    let mut sweeps: BTreeMap<(Sweep, UnreadSources), Vec<AccessChange<'_>>> = BTreeMap::new();
    let mut others = Vec::new();
    for row in access.rows() {
        match Sweep::of(plan, row) {
            Some(sweep) => sweeps.entry((sweep, row.unread)).or_default().push(row),
            None => others.push(row),
        }
    }
    for ((sweep, unread), rows) in sweeps {
        // One project is told like any other.
        if rows.len() > 1 {
            let Sentence { sign, alarm, text } = sweep.sentence(plan, &rows, verbose);
            said.push(Sentence { sign, alarm, text: text + &perhaps("may have more", unread) });
        } else {
            others.extend(rows);
        }
    }
    others.sort_by_key(|row| row.project);
    // A custom role may be like admin on one project and like analyst on another.
    let mut groups: Vec<(AccessChange<'_>, bool, Vec<ProjectId>)> = Vec::new();
    let mut places = BTreeMap::new();
    for row in others {
        let alarm = row.risen(&plan.ranks).is_some();
        let place = *places.entry((alarm, row.effect, row.before, row.after, row.unread)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, _, projects)) => projects.push(row.project),
            None => groups.push((row, alarm, vec![row.project])),
        }
    }
    said.extend(groups.into_iter().map(|(row, alarm, projects)| Sentence {
        sign: match row.effect {
            Effect::Gain => Sign::Add,
            Effect::Lose => Sign::Remove,
            Effect::Raise | Effect::Lower => Sign::Change,
        },
        alarm,
        text: sentence(plan, row, &projects_named(plan, &projects, verbose)),
    }));
    said
}

/// A new org role that decides alone what somebody can do on a project: told once for all such projects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Sweep {
    /// An owner becomes admin of the organization.
    Drop { held: ProjectRole, role: ProjectRole },
    /// Somebody becomes admin or owner; an alarm unless they had as much by another name.
    Rise { role: ProjectRole, is_quiet: bool },
}

impl Sweep {
    fn of(plan: &Plan, row: AccessChange<'_>) -> Option<Self> {
        let by_org_role =
            |sources: &[AccessSource<'_>]| Some(sources.iter().find(|source| source.via == Via::OrgRole)?.role.clone());
        let role = by_org_role(row.after)?;
        let held = by_org_role(row.before);
        // Where another source gives more, or something else, the org role is not the whole truth.
        if held.as_ref() == Some(&role) || effective(row.after) != role.as_str() {
            return None;
        }
        match (row.effect, held) {
            (Effect::Lower, Some(held)) => {
                (effective(row.before) == held.as_str()).then_some(Self::Drop { held, role })
            }
            (Effect::Gain | Effect::Raise, _) => Some(Self::Rise { role, is_quiet: row.risen(&plan.ranks).is_none() }),
            (Effect::Lower | Effect::Lose, _) => None,
        }
    }

    fn sentence(&self, plan: &Plan, rows: &[AccessChange<'_>], verbose: bool) -> Sentence {
        let projects: Vec<ProjectId> = rows.iter().map(|row| row.project).collect();
        let number = if projects.len() == 2 && plan.target.projects.len() == 2 {
            "both projects".to_owned()
        } else {
            projects_named(plan, &projects, verbose)
        };
        match self {
            Self::Drop { held, role } => {
                let text = format!("drops from {held} to {role} on {number} (org role)");
                Sentence { sign: Sign::Change, alarm: false, text }
            }
            Self::Rise { role, is_quiet } => {
                let had_some = rows.iter().filter(|row| !row.before.is_empty()).count();
                let text = if had_some == 0 {
                    format!("gains {role} on {number} (org role)")
                } else if had_some == rows.len() {
                    format!("{} to {role} on {number} (org role)", if *is_quiet { "goes" } else { "rises" })
                } else {
                    let some = thousands(had_some);
                    format!("gains {role} on {number} (org role); had some access to {some} of them")
                };
                Sentence { sign: Sign::Add, alarm: !is_quiet, text }
            }
        }
    }
}

/// All that somebody who is removed had, by role.
fn loses_everything(plan: &Plan, access: &UserAccess<'_>, verbose: bool) -> String {
    let mut by_role: Vec<(String, Vec<ProjectId>)> = Vec::new();
    for row in access.rows() {
        let role = effective(row.before);
        match by_role.iter_mut().find(|(known, _)| *known == role) {
            Some((_, projects)) => projects.push(row.project),
            None => by_role.push((role, vec![row.project])),
        }
    }
    let parts: Vec<String> = by_role
        .iter()
        .map(|(role, projects)| format!("{role} on {}", projects_named(plan, projects, verbose)))
        .collect();
    format!("loses all access: {}{}", parts.join("; "), perhaps("may have had more", of_all(access)))
}

fn projects_named(plan: &Plan, projects: &[ProjectId], verbose: bool) -> String {
    let all = plan.target.projects.len();
    if projects.len() > 2 && projects.len() == all {
        return format!("all {}", count(all, "project"));
    }
    let name = |project: &ProjectId| project_name(plan, *project);
    if projects.len() > 6 && projects.len() + 2 >= all {
        let named: BTreeSet<&ProjectId> = projects.iter().collect();
        let others: Vec<String> = plan.target.projects.keys().filter(|id| !named.contains(id)).map(name).collect();
        if projects.len() + others.len() == all {
            return format!("every project but {}", list(&others));
        }
    }
    let shown = if projects.len() > 6 && !verbose { 5 } else { projects.len() };
    let names: Vec<String> = projects.iter().take(shown).map(name).collect();
    list_of(&names, projects.len())
}

fn sentence(plan: &Plan, row: AccessChange<'_>, projects: &str) -> String {
    let (verb, keeps) = match row.effect {
        Effect::Gain => ("may have had access", ""),
        Effect::Lose => ("may still have access", "keeps nothing"),
        Effect::Raise | Effect::Lower => ("may have more", ""),
    };
    let perhaps = perhaps(verb, row.unread);
    let keeps = |before| if perhaps.is_empty() { format!("{before}{keeps}") } else { String::new() };
    let text = match row.effect {
        Effect::Gain => match row.after {
            [AccessSource { via: Via::Grant, role }] => format!("gains individual {} on {projects}", name(role)),
            [only] => format!("gains {} on {projects} {}", name(only.role), by(only.via)),
            sources => format!("gains {} on {projects}: {}", effective(sources), all(sources)),
        },
        Effect::Lose => match row.before {
            [AccessSource { via: Via::Grant, role }] => {
                format!("loses individual {} on {projects}{}", name(role), keeps(", "))
            }
            [only] => format!("loses {} on {projects} {}{}", name(only.role), by(only.via), keeps(", ")),
            sources => format!("loses {} on {projects}: {}{}", effective(sources), all(sources), keeps("; ")),
        },
        Effect::Raise | Effect::Lower => {
            let (before, after) = (effective(row.before), effective(row.after));
            let heading = match (before == after, row.effect) {
                (true, _) => format!("stays {after} on {projects}"),
                (false, Effect::Lower) => format!("drops from {before} to {after} on {projects}"),
                (false, Effect::Gain | Effect::Lose | Effect::Raise) => {
                    let custom = |sources: &[AccessSource<'_>]| {
                        sources.iter().any(|source| matches!(source.role, ProjectRole::Custom(_)))
                    };
                    let verb = if custom(row.before) || custom(row.after) { "goes" } else { "rises" };
                    format!("{verb} from {before} to {after} on {projects}")
                }
            };
            format!("{heading}: {}", difference(plan, row))
        }
    };
    text + &perhaps
}

/// What is lost, gained and kept, source by source.
fn difference(plan: &Plan, row: AccessChange<'_>) -> String {
    let before: Vec<_> = row.before.iter().map(|source| after_renames(plan, *source)).collect();
    let mut parts = Vec::new();
    let (mut lost, mut gained, mut kept, mut moved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for source in &before {
        if row.after.contains(source) {
            kept.push(source_text(source));
        } else if let Some(now) = row.after.iter().find(|after| after.via == source.via && !before.contains(after)) {
            moved.push(format!("{} becomes {}", source_text(source), name(now.role)));
        } else {
            lost.push(source_text(source));
        }
    }
    for source in row.after {
        if !before.contains(source) && !before.iter().any(|other| other.via == source.via && !row.after.contains(other))
        {
            gained.push(source_text(source));
        }
    }
    if !lost.is_empty() {
        parts.push(format!("loses {}", list(&lost)));
    }
    parts.extend(moved);
    if !gained.is_empty() {
        parts.push(format!("gains {}", list(&gained)));
    }
    if !kept.is_empty() {
        parts.push(format!("keeps {}", list(&kept)));
    }
    parts.join(", ")
}

fn after_renames<'a>(plan: &'a Plan, source: AccessSource<'a>) -> AccessSource<'a> {
    match source.via {
        Via::Team(team) => AccessSource { via: Via::Team(plan.team_renames.get(team).unwrap_or(team)), ..source },
        Via::OrgRole | Via::Grant | Via::Everyone => source,
    }
}

fn source_text(source: &AccessSource<'_>) -> String {
    match source.via {
        Via::Grant => format!("individual {}", name(source.role)),
        Via::OrgRole | Via::Team(_) | Via::Everyone => format!("{} {}", name(source.role), by(source.via)),
    }
}

fn by(via: Via<'_>) -> String {
    match via {
        Via::OrgRole => "by org role".to_owned(),
        Via::Team(team) => format!("through {}", team_name("team", team)),
        Via::Grant => "individually".to_owned(),
        Via::Everyone => "like everyone".to_owned(),
    }
}

fn all(sources: &[AccessSource<'_>]) -> String {
    list(&sources.iter().map(source_text).collect::<Vec<_>>())
}

fn name(role: &ProjectRole) -> String {
    visible_name(role.as_str()).into_owned()
}

/// What somebody can do in all: the strongest built-in role and every custom role.
fn effective(sources: &[AccessSource<'_>]) -> String {
    let strongest = sources
        .iter()
        .filter_map(|source| match source.role {
            ProjectRole::BuiltIn(role) => Some(*role),
            ProjectRole::Custom(_) => None,
        })
        .max();
    let mut names: Vec<String> = strongest.into_iter().map(|role| role.as_str().to_owned()).collect();
    for source in sources {
        let text = name(source.role);
        if matches!(source.role, ProjectRole::Custom(_)) && !names.contains(&text) {
            names.push(text);
        }
    }
    names.join(" + ")
}
