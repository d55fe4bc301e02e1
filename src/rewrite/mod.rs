//! The other direction: what the configuration would have to say so that the live side is as agreed.
//!
//! [`rewrite`] edits the YAML that people wrote, keeping comments and order, so that it says what somebody made by hand. An
//! edit is only ever an offer: what comes out is compiled and planned again, and given up where it would not do exactly
//! that. Pure: files are read and written elsewhere.

mod edits;
mod files;
mod projects;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Change;
use crate::desired::{Desired, Observed, compile};
use crate::diagnostic::{Diagnostic, Place, Severity, has_errors};
use crate::drift::{Difference, Drift, observe};
use crate::export::scalar;
use crate::model::{Interner, OrgRole, TeamName};
use crate::plan::{PlannedChange, Why};
use crate::planning;
use crate::source::{SourceFile, Sources, Span};
use crate::yaml::append_document;

use edits::Edits;
use files::{Files, Trees};
use wanted::{Wishes, is_accepted};

/// How often edits are tried for one organization: a difference that cannot be written is found by trying ever smaller parts.
const ATTEMPTS: usize = 300;

/// The files that may be written.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Paths, as the sources have them.
    pub files: BTreeSet<String>,
    /// A file in which a document may be begun for an organization that has none in them.
    pub new: Option<String>,
}

/// What became of the differences.
#[derive(Debug, Default)]
pub struct Rewriting {
    /// The new texts of the files that change, by path.
    pub texts: BTreeMap<String, String>,
    /// One for each drift.
    pub rewritten: Vec<Rewritten>,
}

/// What became of the differences of one organization; they are meant by their places in [`Drift::differences`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// What the configuration says now.
    pub written: Vec<usize>,
    /// What it does not, with the reason.
    pub refused: Vec<(usize, Refusal)>,
}

/// Why a difference is not written into the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody who is blocked has something. The place of the block.
    Blocked(String),
    /// It is declared, and its time is over or has not come: when it is to end is for people to say.
    NotItsTime(String),
    /// Somebody renamed a team, or took the new address of a person away, which the configuration knows the old name of.
    Renamed,
    /// The live side has a role that the configuration has no word for.
    UnknownRole(String),
    /// It is written outside the files that may be written.
    Elsewhere(String),
    /// Something else would have to be said with it outside these files, such as a custom role of a project.
    NeedsElsewhere(String),
    /// None of the files that may be written is about the organization.
    NoPlace,
    /// The place is written in a way that is not edited.
    Unfit(String),
    /// The configuration would have errors. The first of them.
    Contradiction(String),
    /// The configuration would say something else besides.
    SomethingElse,
    /// So much could not be written that the rest was not tried.
    NotTried,
}

impl Refusal {
    fn needs_elsewhere(sources: &Sources, place: Span) -> Self {
        Self::NeedsElsewhere(shown(sources, place))
    }

    fn unfit(sources: &Sources, place: Span) -> Self {
        Self::Unfit(shown(sources, place))
    }

    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::NotItsTime(_) => "not_its_time",
            Self::Renamed => "renamed",
            Self::UnknownRole(_) => "unknown_role",
            Self::Elsewhere(_) | Self::NeedsElsewhere(_) => "elsewhere",
            Self::NoPlace => "no_place",
            Self::Unfit(_) => "unfit",
            Self::Contradiction(_) => "contradiction",
            Self::SomethingElse => "something_else",
            Self::NotTried => "not_tried",
        }
    }
}

fn shown(sources: &Sources, place: Span) -> String {
    let at = sources.position(place);
    format!("{}:{}", at.path, at.line)
}

/// Edits `sources` so that what nobody has accepted of `drifts` is said by the configuration, as far as `places` may be
/// written.
pub fn rewrite(sources: &Sources, drifts: &[Drift], places: &Places, names: &mut Interner) -> Rewriting {
    let mut texts: BTreeMap<String, String> =
        sources.files().iter().map(|file| (file.path.clone(), file.text.clone())).collect();
    let mut rewriting = Rewriting::default();
    for drift in drifts {
        let mut trial = Trial::new(sources, drift, places, names);
        trial.texts = texts;
        trial.run();
        texts = trial.texts;
        let mut rewritten = trial.rewritten;
        rewritten.written.sort_unstable();
        rewritten.refused.sort_by_key(|(difference, _)| *difference);
        rewriting.rewritten.push(rewritten);
    }
    let before: BTreeMap<&str, &str> =
        sources.files().iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    texts.retain(|path, text| before.get(path.as_str()) != Some(&text.as_str()));
    rewriting.texts = texts;
    rewriting
}

/// Texts that say what they should.
struct Tried {
    texts: BTreeMap<String, String>,
    /// What a plan may still change.
    left: BTreeSet<Change>,
    compiled: (Sources, Desired),
}

/// Writes the differences of one organization, as many at a time as go together.
struct Trial<'a> {
    sources: &'a Sources,
    drift: &'a Drift,
    places: Places,
    names: &'a mut Interner,
    texts: BTreeMap<String, String>,
    /// What they say, where that was worked out.
    compiled: Option<(Sources, Desired)>,
    /// What may still be changed by a plan: what is not written.
    left: BTreeSet<Change>,
    attempts: usize,
    rewritten: Rewritten,
}

impl<'a> Trial<'a> {
    fn new(sources: &'a Sources, drift: &'a Drift, places: &'a Places, names: &'a mut Interner) -> Self {
        let left = drift.plan.changes.iter().map(|planned| planned.change.clone()).collect();
        let (texts, rewritten) = (BTreeMap::new(), Rewritten::default());
        let (places, compiled) = (places.clone(), None);
        Self { sources, drift, places, names, texts, compiled, left, attempts: 0, rewritten }
    }

    fn run(&mut self) {
        self.know_new_file();
        let compiled = self.compile(&self.texts.clone());
        let mut candidates = Vec::new();
        for (number, found) in self.drift.differences.iter().enumerate() {
            if found.accepted.is_some() {
                continue;
            }
            let refused = match &compiled {
                Ok((sources, desired)) => self.refused(found).or_else(|| self.elsewhere(found, sources, desired)),
                Err(refusal) => Some(refusal.clone()),
            };
            match refused {
                Some(refusal) => self.rewritten.refused.push((number, refusal)),
                None => candidates.push(number),
            }
        }
        self.compiled = compiled.ok();
        self.write(&candidates);
    }

    /// A file that was begun is one of those that may be written.
    fn know_new_file(&mut self) {
        if let Some(path) = self.places.new.clone().filter(|path| self.texts.contains_key(path)) {
            self.places.files.insert(path);
        }
    }

    /// Where it is written, if that is none of the files that may be.
    fn elsewhere(&self, found: &Difference, sources: &Sources, desired: &Desired) -> Option<Refusal> {
        let places = self.changes(found).filter_map(|planned| {
            let observed = observe(&self.drift.plan, &planned.change);
            place_of(desired, &observed)
        });
        let mut places = places.filter(|place| !self.places.files.contains(&sources.file(place.file).path));
        places.next().map(|place| Refusal::Elsewhere(shown(sources, place)))
    }

    /// Why a difference cannot be written, whatever the files look like.
    fn refused(&self, found: &Difference) -> Option<Refusal> {
        if let Observed::User(_, Some(role @ OrgRole::Other(_))) = &found.observed {
            return Some(Refusal::UnknownRole(role.as_str().to_owned()));
        }
        self.changes(found).find_map(|planned| {
            let place = || planned.source.map(|place| shown(self.sources, place)).unwrap_or_default();
            match planned.why {
                Why::Blocked => Some(Refusal::Blocked(place())),
                Why::Expired | Why::NotYet => Some(Refusal::NotItsTime(place())),
                Why::Renamed => Some(Refusal::Renamed),
                Why::Declared | Why::Unlisted | Why::Undone => None,
            }
        })
    }

    fn changes(&self, found: &Difference) -> impl Iterator<Item = &'a PlannedChange> + use<'a> {
        let changes = &self.drift.plan.changes;
        found.changes.clone().into_iter().filter_map(move |at| changes.get(at))
    }

    fn write(&mut self, differences: &[usize]) {
        if differences.is_empty() {
            return;
        }
        if self.attempts >= ATTEMPTS {
            self.rewritten.refused.extend(differences.iter().map(|number| (*number, Refusal::NotTried)));
            return;
        }
        self.attempts += 1;
        match (self.attempt(differences), differences) {
            (Ok(tried), _) => {
                (self.texts, self.left, self.compiled) = (tried.texts, tried.left, Some(tried.compiled));
                self.know_new_file();
                self.rewritten.written.extend(differences);
            }
            (Err(refusal), [alone]) => self.rewritten.refused.push((*alone, refusal)),
            (Err(_), _) => {
                let (first, second) = differences.split_at(differences.len() / 2);
                self.write(first);
                self.write(second);
            }
        }
    }

    /// The texts that say what is so of `differences`.
    fn attempt(&mut self, differences: &[usize]) -> Result<Tried, Refusal> {
        let (sources, desired) = match self.compiled.take() {
            Some(compiled) => compiled,
            None => self.compile(&self.texts.clone())?,
        };
        let tried = self.attempt_on(&sources, &desired, differences);
        self.compiled = Some((sources, desired));
        tried
    }

    fn attempt_on(&mut self, sources: &Sources, desired: &Desired, differences: &[usize]) -> Result<Tried, Refusal> {
        let plan = &self.drift.plan;
        let found = || differences.iter().filter_map(|number| self.drift.differences.get(*number));
        let changes: Vec<&PlannedChange> = found().flat_map(|found| self.changes(found)).collect();
        let mut wishes = Wishes::new(desired, plan);
        changes.iter().for_each(|planned| wishes.want(observe(plan, &planned.change)));
        let wanted = wishes.finish();
        let trees = Trees::new(sources, &self.places);
        let files = Files::new(plan.org.as_str(), &trees);
        let edits = Edits::new(sources, (desired, plan, &wanted), files, self.places.new.is_some());
        let (edited, begun) = edits.write()?.finish().map_err(|unfit| Refusal::unfit(sources, unfit.0))?;
        let mut texts = self.texts.clone();
        for (file, text) in edited {
            texts.insert(sources.file(file).path.clone(), text);
        }
        if let (Some(sections), Some(path)) = (begun, &self.places.new) {
            append_document(texts.entry(path.clone()).or_default(), &scalar(&plan.org), sections);
        }
        let before = (desired.manage, desired.users.is_some());
        let (sources, desired) = self.compile(&texts)?;
        // What is not looked after any more is no drift, and nobody agreed to that.
        if before != (desired.manage, desired.users.is_some()) {
            return Err(Refusal::SomethingElse);
        }
        let after = planning::agreed(&desired, &plan.live, plan.as_of);
        let after = after.map_err(|found| contradiction(&found, &sources))?;
        let mut left = self.left.clone();
        changes.iter().for_each(|planned| {
            left.remove(&planned.change);
        });
        // Whatever is left over was there before or is accepted for a while, or the edit says more than it should.
        let is_left = |change: &Change| left.contains(change) || is_accepted(&desired, plan, &observe(plan, change));
        if after.iter().all(is_left) {
            Ok(Tried { texts, left: after.into_iter().collect(), compiled: (sources, desired) })
        } else {
            Err(Refusal::SomethingElse)
        }
    }

    fn compile(&mut self, texts: &BTreeMap<String, String>) -> Result<(Sources, Desired), Refusal> {
        let files = texts.iter().map(|(path, text)| SourceFile::new(path.clone(), text.clone()));
        let sources = Sources::new(files.collect());
        let compiled = compile(&sources, self.names);
        if has_errors(&compiled.diagnostics) {
            return Err(contradiction(&compiled.diagnostics, &sources));
        }
        let desired = compiled.organizations.into_iter().find(|desired| desired.key == self.drift.plan.org);
        desired.map(|desired| (sources, desired)).ok_or(Refusal::SomethingElse)
    }
}

/// The first error that there would be.
fn contradiction(found: &[Diagnostic], sources: &Sources) -> Refusal {
    let Some(error) = found.iter().find(|found| found.severity() == Severity::Error) else {
        return Refusal::SomethingElse;
    };
    let place = match &error.place {
        Place::Text { main, .. } => format!(" ({})", shown(sources, main.span)),
        Place::Path(_) | Place::Organization(_) => String::new(),
    };
    Refusal::Contradiction(format!("{}{place}", error.message))
}

/// Where the configuration says something of what is observed, or of what it is a part of.
fn place_of(desired: &Desired, observed: &Observed) -> Option<Span> {
    let team = |name: &TeamName| desired.teams.get(name);
    match observed {
        Observed::User(user, _) => Some(desired.users.as_ref()?.get(user)?.role.place),
        Observed::Team(name, _) => Some(team(name)?.place),
        Observed::Member(name, user, _) => {
            let members = team(name)?.members.as_ref();
            Some(members.and_then(|members| members.get(user)).map_or(team(name)?.place, |fact| fact.place))
        }
        Observed::TeamRole(name, project, _) => {
            let roles = team(name)?.roles.as_ref();
            Some(roles.and_then(|roles| roles.get(project)).map_or(team(name)?.place, |fact| fact.place))
        }
        Observed::Grant(user, project, _) => Some(desired.grants.get(&(user.clone(), *project))?.place),
        Observed::Everyone(project, _) => Some(desired.projects.get(project)?.place),
    }
}
