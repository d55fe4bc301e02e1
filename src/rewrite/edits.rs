//! From what is to be said to edits of the files in which it is said.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Refusal;
use super::files::Files;
use super::wanted::{Wanted, members_to_write};
use crate::desired::{Desired, DesiredTeam, Fact};
use crate::export::scalar;
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::plan::Plan;
use crate::source::{Sources, Span};
use crate::yaml::{Addition, Edit, NodeId, Unfit, Value, View};

/// Edits the files of one organization.
pub(super) struct Edits<'a, 't, 'w> {
    pub(super) sources: &'a Sources,
    pub(super) desired: &'w Desired,
    pub(super) plan: &'w Plan,
    pub(super) wanted: &'w Wanted,
    pub(super) files: Files<'a, 't>,
    /// Whether a document may be begun where none of the organization may be written.
    pub(super) may_begin: bool,
    /// The keys of projects that were not declared.
    pub(super) keys: BTreeMap<ProjectId, String>,
}

/// The roles that one entry gives, on one project or on those of a group, each with what is to become of it.
type Shared<'w> = BTreeMap<Span, Vec<(ProjectId, Option<&'w ProjectRole>)>>;

impl<'a, 't, 'w> Edits<'a, 't, 'w> {
    /// Nothing is edited so far.
    pub(super) fn new(
        sources: &'a Sources,
        (desired, plan, wanted): (&'w Desired, &'w Plan, &'w Wanted),
        files: Files<'a, 't>,
        may_begin: bool,
    ) -> Self {
        Self { sources, desired, plan, wanted, files, may_begin, keys: BTreeMap::new() }
    }

    /// Writes everything that is wanted.
    pub(super) fn write(mut self) -> Result<Files<'a, 't>, Refusal> {
        self.write_projects()?;
        self.write_users()?;
        self.write_teams()?;
        self.write_members()?;
        self.write_team_roles()?;
        self.write_grants()?;
        Ok(self.files)
    }

    /// The edits of the file that `place` is in.
    pub(super) fn at(&mut self, place: Span) -> Result<&mut Edit<'a, 't>, Refusal> {
        let sources = self.sources;
        self.files.at(place).ok_or_else(|| Refusal::needs_elsewhere(sources, place))
    }

    pub(super) fn unfit(&self, Unfit(place): Unfit) -> Refusal {
        Refusal::unfit(self.sources, place)
    }

    /// The mapping and the place in it of the entry whose key stands at `place`.
    pub(super) fn entry_at(&mut self, place: Span) -> Result<(NodeId, usize, NodeId), Refusal> {
        let edit = self.at(place)?;
        let found = edit.scalar_at(place.start).and_then(|key| {
            let (mapping, number) = edit.within(key)?;
            let (known, value) = edit.entry(mapping, number)?;
            (known == key).then_some((mapping, number, value))
        });
        found.ok_or_else(|| self.unfit(Unfit(place)))
    }

    pub(super) fn add(&mut self, section: &'static str, people: &[&Email], addition: Addition) -> Result<(), Refusal> {
        let people: Vec<&str> = people.iter().map(|user| user.as_str()).collect();
        if self.files.add(section, &people, addition, self.may_begin) { Ok(()) } else { Err(Refusal::NoPlace) }
    }

    fn write_users(&mut self) -> Result<(), Refusal> {
        for (user, role) in &self.wanted.users {
            let declared = self.desired.users.as_ref().and_then(|users| users.get(user));
            match (declared, role) {
                (Some(declared), None) => {
                    let place = declared.role.place;
                    let (mapping, number, _) = self.entry_at(place)?;
                    self.at(place)?.remove(mapping, number);
                }
                (Some(declared), Some(role)) if declared.role.value != *role => {
                    let place = declared.role.place;
                    let (_, _, value) = self.entry_at(place)?;
                    self.set(place, value, "role", role_text(role))?;
                }
                (None, Some(role)) => {
                    let entry = Addition::entry(scalar(user), Value::Scalar(role_text(role)));
                    self.add("users", &[user], entry)?;
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        Ok(())
    }

    /// Writes `text` as the value that stands alone, or under `key` among details.
    fn set(&mut self, place: Span, value: NodeId, key: &str, text: String) -> Result<(), Refusal> {
        let edit = self.at(place)?;
        match role_node(edit, value, key) {
            Some(node) => {
                edit.set(node, text);
                remove_notes(edit, value);
                Ok(())
            }
            None => Err(self.unfit(Unfit(place))),
        }
    }

    fn write_teams(&mut self) -> Result<(), Refusal> {
        for (name, is_there) in &self.wanted.teams {
            match (self.desired.teams.get(name), is_there) {
                (Some(declared), false) => {
                    let (mapping, number, _) = self.entry_at(declared.place)?;
                    self.at(declared.place)?.remove(mapping, number);
                }
                (None, true) => self.add_team(name)?,
                (Some(_), true) | (None, false) => {}
            }
        }
        Ok(())
    }

    fn add_team(&mut self, name: &TeamName) -> Result<(), Refusal> {
        let members = members_to_write(self.desired, self.plan, name);
        let is_taken = |key: &str| self.desired.teams.values().any(|declared| declared.key == key);
        let mut key = name.as_str().to_owned();
        while is_taken(&key) {
            key.push('-');
        }
        let mut parts = Vec::new();
        if key != name.as_str() {
            parts.push(("name".to_owned(), Value::Scalar(scalar(name).into_owned())));
        }
        if self.desired.manage.team_members {
            let texts = members.iter().map(|user| Value::Scalar(scalar(user).into_owned())).collect();
            parts.push(("members".to_owned(), Value::List(texts)));
        }
        let roles = self.wanted.team_roles.get(name).into_iter().flatten();
        let roles = roles.filter_map(|(project, role)| Some((self.project(*project), role.as_ref()?)));
        let roles = roles.map(|(key, role)| (key, Value::Scalar(scalar(role.as_str()).into_owned()))).collect();
        parts.push(("projects".to_owned(), Value::Map(roles)));
        self.add("teams", &members, Addition::entry(scalar(&key), Value::Map(parts)))
    }

    /// The declared teams among `parts` that stay, with what is to be said of them.
    fn staying<V>(&self, parts: &'w BTreeMap<TeamName, V>) -> Vec<(&'w DesiredTeam, &'w V)> {
        let goes = |name: &TeamName| self.wanted.teams.get(name) == Some(&false);
        let found = parts.iter().filter(|(name, _)| !goes(name));
        found.filter_map(|(name, part)| Some((self.desired.teams.get(name)?, part))).collect()
    }

    /// The list or mapping `key` of a declared team.
    fn part_of(&mut self, team: &DesiredTeam, key: &str) -> Result<NodeId, Refusal> {
        let (_, _, value) = self.entry_at(team.place)?;
        let edit = self.at(team.place)?;
        let found = edit.value_of(value, key);
        let found = found.filter(|node| matches!(edit.tree().view(*node), View::Sequence | View::Mapping));
        found.ok_or_else(|| self.unfit(Unfit(team.place)))
    }

    fn write_members(&mut self) -> Result<(), Refusal> {
        for (team, members) in self.staying(&self.wanted.members) {
            for (user, is_in) in members {
                let declared = team.members.as_ref().and_then(|members| members.get(user));
                match (declared, is_in) {
                    (Some(Fact { place, .. }), false) => {
                        let edit = self.at(*place)?;
                        let (list, number) = item_of(edit, place.start).ok_or_else(|| self.unfit(Unfit(*place)))?;
                        self.at(*place)?.remove(list, number);
                    }
                    (None, true) => {
                        let list = self.part_of(team, "members")?;
                        let item = Addition::item(Value::Scalar(scalar(user).into_owned()));
                        self.at(team.place)?.add(list, item);
                    }
                    (Some(_), true) | (None, false) => {}
                }
            }
        }
        Ok(())
    }

    fn write_team_roles(&mut self) -> Result<(), Refusal> {
        for (team, wanted) in self.staying(&self.wanted.team_roles) {
            let declared = || team.roles.iter().flatten();
            let touched = declared().filter(|(project, _)| wanted.contains_key(project)).map(|(_, fact)| fact.place);
            let touched: BTreeSet<Span> = touched.collect();
            let mut shared: Shared<'_> = BTreeMap::new();
            for (project, fact) in declared().filter(|(_, fact)| touched.contains(&fact.place)) {
                let role = wanted.get(project).map_or(Some(&fact.value), Option::as_ref);
                shared.entry(fact.place).or_default().push((*project, role));
            }
            for (place, roles) in shared {
                let (mapping, number, value) = self.entry_at(place)?;
                let edit = self.at(place)?;
                let entry = edit.scalar_at(place.start).zip(role_node(edit, value, "role"));
                let (project, role) = entry.ok_or_else(|| self.unfit(Unfit(place)))?;
                self.write_shared(place, Entry { collection: mapping, number, details: value, project, role }, roles)?;
            }
            let is_declared =
                |project: &ProjectId| team.roles.as_ref().is_some_and(|roles| roles.contains_key(project));
            for (project, role) in wanted.iter().filter(|(project, _)| !is_declared(project)) {
                let Some(role) = role else { continue };
                let mapping = self.part_of(team, "projects")?;
                let entry = Addition::entry(scalar(&self.project(*project)), project_role(role));
                self.at(team.place)?.add(mapping, entry);
            }
        }
        Ok(())
    }

    fn write_grants(&mut self) -> Result<(), Refusal> {
        let wanted = &self.wanted.grants;
        let declared = &self.desired.grants;
        let touched: BTreeSet<Span> = wanted.keys().filter_map(|key| Some(declared.get(key)?.place)).collect();
        let mut shared: Shared<'_> = BTreeMap::new();
        for (key, fact) in declared.iter().filter(|(_, fact)| touched.contains(&fact.place)) {
            let role = wanted.get(key).map_or(Some(&fact.value), Option::as_ref);
            shared.entry(fact.place).or_default().push((key.1, role));
        }
        for (place, roles) in shared {
            let edit = self.at(place)?;
            let item = edit.mapping_at(place.start).and_then(|item| Some((item, edit.within(item)?)));
            let entry = item.and_then(|(details, (collection, number))| {
                let (project, role) = (edit.value_of(details, "project")?, edit.value_of(details, "role")?);
                Some(Entry { collection, number, details, project, role })
            });
            let entry = entry.ok_or_else(|| self.unfit(Unfit(place)))?;
            self.write_shared(place, entry, roles)?;
        }
        for ((user, project), role) in wanted.iter().filter(|(key, _)| !declared.contains_key(*key)) {
            let Some(role) = role else { continue };
            let entry = Value::Map(vec![
                ("user".to_owned(), Value::Scalar(scalar(user).into_owned())),
                ("project".to_owned(), Value::Scalar(scalar(&self.project(*project)).into_owned())),
                ("role".to_owned(), project_role(role)),
            ]);
            self.add("grants", &[user], Addition::item(entry))?;
        }
        Ok(())
    }

    /// Writes what is to become of the roles that one entry gives: one role for all, or an entry for each project.
    ///
    /// What was written about a role, who approved it and why, goes with it: nobody said that of another one.
    fn write_shared(
        &mut self,
        place: Span,
        entry: Entry,
        roles: Vec<(ProjectId, Option<&ProjectRole>)>,
    ) -> Result<(), Refusal> {
        let Entry { collection, number, details, project, role } = entry;
        let stay: Vec<(String, &ProjectRole)> =
            roles.iter().filter_map(|(project, role)| Some((self.project(*project), (*role)?))).collect();
        let is_one = stay.len() == roles.len() && stay.windows(2).all(|two| two[0].1 == two[1].1);
        let edit = self.at(place)?;
        if stay.is_empty() {
            edit.remove(collection, number);
            return Ok(());
        }
        if let (true, Some((_, value))) = (is_one, stay.first()) {
            edit.set(role, scalar(value.as_str()));
            remove_notes(edit, details);
            return Ok(());
        }
        let Ok((range, text)) = edit.written(collection, number) else { return Err(self.unfit(Unfit(place))) };
        let old = edit.text_of(role);
        let mut texts = Vec::with_capacity(stay.len());
        for (key, value) in stay {
            let (key, value) = (scalar(&key).into_owned(), scalar(value.as_str()).into_owned());
            if old == Some(value.trim_matches('"')) {
                let parts = [(edit.range(project), key.into()), (edit.range(role), value.into())];
                texts.push(substituted(text, range.start, parts));
                continue;
            }
            let Some(new) = without_notes(edit, &entry, key, value) else { return Err(self.unfit(Unfit(place))) };
            texts.push(new);
        }
        edit.put(collection, number, texts);
        Ok(())
    }
}

/// An entry that gives a role on a project, or on those of a group.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// What it is part of, and its place there.
    collection: NodeId,
    number: usize,
    /// The mapping with what is written about it, or the role alone.
    details: NodeId,
    project: NodeId,
    role: NodeId,
}

/// What is said of the role that somebody was given, and of no other one.
const NOTES: [&str; 3] = ["reason", "ticket", "approved_by"];

/// Takes away what was said of another role.
fn remove_notes(edit: &mut Edit<'_, '_>, details: NodeId) {
    for key in NOTES {
        if let Some((mapping, number)) = edit.value_of(details, key).and_then(|node| edit.within(node)) {
            edit.remove(mapping, number);
        }
    }
}

/// The entry with another project and role, without what was said of the old one; `None` where something in it goes over
/// several lines.
fn without_notes(edit: &Edit<'_, '_>, entry: &Entry, project: String, role: String) -> Option<String> {
    let mut parts = Vec::new();
    if entry.details != entry.role {
        for number in 0.. {
            let Some((name, value)) = edit.entry(entry.details, number) else { break };
            let text = match value {
                value if value == entry.role => role.clone(),
                value if value == entry.project => project.clone(),
                value => edit.raw(value).to_owned(),
            };
            if NOTES.iter().any(|note| edit.text_of(name) == Some(*note)) {
                continue;
            }
            if text.contains('\n') {
                return None;
            }
            parts.push((edit.raw(name).to_owned(), Value::Scalar(text)));
        }
    }
    let is_keyed = edit.within(entry.project).is_some_and(|(mapping, _)| mapping == entry.collection);
    Some(match (is_keyed, parts.len()) {
        (false, _) => Value::Map(parts).flow(),
        (true, 0 | 1) => format!("{project}: {role}"),
        (true, _) => format!("{project}: {}", Value::Map(parts).flow()),
    })
}

/// The node of the role: the value itself, or what stands under `key` among details.
fn role_node(edit: &Edit<'_, '_>, value: NodeId, key: &str) -> Option<NodeId> {
    match edit.tree().view(value) {
        View::Scalar(..) => Some(value),
        View::Mapping => edit.value_of(value, key).filter(|node| matches!(edit.tree().view(*node), View::Scalar(..))),
        View::Sequence | View::Alias(_) | View::Broken => None,
    }
}

/// The list that the person at `start` stands in, by herself or with details, and the place there.
fn item_of(edit: &Edit<'_, '_>, start: u32) -> Option<(NodeId, usize)> {
    let (collection, number) = edit.within(edit.scalar_at(start)?)?;
    match edit.tree().view(collection) {
        View::Sequence => Some((collection, number)),
        View::Mapping => edit.within(collection),
        View::Scalar(..) | View::Alias(_) | View::Broken => None,
    }
}

/// `text`, which stands at `base`, with other words in the place of two ranges.
fn substituted<'s>(text: &str, base: usize, mut parts: [(Range<usize>, std::borrow::Cow<'s, str>); 2]) -> String {
    parts.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut out = text.to_owned();
    for (range, word) in parts {
        let range = range.start.saturating_sub(base)..range.end.saturating_sub(base);
        if out.get(range.clone()).is_some() {
            out.replace_range(range, &word);
        }
    }
    out
}

fn role_text(role: &OrgRole) -> String {
    scalar(role.as_str()).into_owned()
}

pub(super) fn project_role(role: &ProjectRole) -> Value {
    Value::Scalar(scalar(role.as_str()).into_owned())
}
