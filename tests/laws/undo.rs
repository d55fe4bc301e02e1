//! Laws of undo: what a run did is taken back, nothing else is, and once is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use accessctl::apply::{Event, Outcome};
use accessctl::change::Change;
use accessctl::desired::Desired;
use accessctl::diff::diff;
use accessctl::journal::{Begun, Deeds, End, FORMAT, Journal, Recorder, RunFile, find_run, read_folder};
use accessctl::model::{State, Status};
use accessctl::plan::{ChangeId, Origin, Plan, PlannedChange, Why};
use accessctl::source::{SourceFile, Sources};
use accessctl::{guard, planning};
use proptest::prelude::*;

use crate::walk::walk;
use crate::world::{AS_OF, World, state, world};
use crate::{cases, never_worse, plan};

/// The journals of some runs.
struct Journals(tempfile::TempDir);

impl Journals {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn read(&self) -> Vec<RunFile> {
        read_folder(self.0.path(), |_| true).unwrap()
    }

    fn deeds(&self, run: &str) -> Deeds {
        let runs = self.read();
        let (file, begun) = find_run(&runs, run).unwrap();
        Deeds::of(file, begun, &runs)
    }

    /// Performs those changes of `plan` that are not to fail, and writes down what becomes of all.
    fn run(&self, name: &str, plan: &Plan, fails: &BTreeSet<ChangeId>, undoes: Option<&str>) -> State {
        let sources = Sources::new(vec![SourceFile::new("access.yaml", "x".repeat(5_000))]);
        let mut journal = Journal::create(self.0.path(), begun(name, plan, undoes)).unwrap();
        let mut recorder = Recorder::new(&mut journal, plan, &sources, &|| AS_OF);
        let mut state = plan.live.clone();
        let (mut outcomes, mut bad): (Vec<(&PlannedChange, Outcome)>, BTreeSet<ChangeId>) =
            (Vec::new(), BTreeSet::new());
        for planned in plan.to_do() {
            let because = planned.depends_on.iter().find(|needed| bad.contains(needed));
            let outcome = match because {
                Some(because) => Outcome::Skipped { because: *because },
                None if fails.contains(&planned.id) => Outcome::Failed(vec!["refused".to_owned()]),
                None => {
                    state.perform(&planned.change, AS_OF).unwrap();
                    // Every other answer is lost: what became of the change is found out by reading.
                    if planned.id.0 % 2 == 0 { Outcome::Applied } else { Outcome::Unknown(vec!["lost".to_owned()]) }
                }
            };
            if !outcome.is_done() && !matches!(outcome, Outcome::Unknown(_)) {
                bad.insert(planned.id);
            }
            outcomes.push((planned, outcome));
        }
        let is_sent = |outcome: &Outcome| !matches!(outcome, Outcome::Skipped { .. });
        let sent: Vec<_> =
            outcomes.iter().filter(|(_, outcome)| is_sent(outcome)).map(|(planned, _)| *planned).collect();
        assert!(recorder.record(&Event::Started(&sent)).is_continue());
        let told: Vec<_> = outcomes.iter().map(|(planned, outcome)| (*planned, outcome)).collect();
        assert!(recorder.record(&Event::Ended(&told)).is_continue());
        recorder.finish().unwrap();
        journal.end(End { at: AS_OF, ..End::default() }).unwrap();
        state
    }
}

fn begun(name: &str, plan: &Plan, undoes: Option<&str>) -> Begun {
    Begun {
        format: FORMAT.to_owned(),
        run: name.to_owned(),
        tool: "0.0.0".to_owned(),
        org: plan.org.as_str().to_owned(),
        org_id: plan.live.organization.id.get(),
        backend: "local".to_owned(),
        address: Path::new("acme.db").display().to_string(),
        started_at: AS_OF,
        as_of: AS_OF,
        user: None,
        host: None,
        pid: 1,
        live: String::new(),
        plan: None,
        meta: BTreeMap::new(),
        undoes: undoes.map(str::to_owned),
    }
}

/// What a state says, one by one. Whether somebody has joined and when they were seen is not among it: nobody can
/// accept for somebody else.
fn facts(state: &State) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    for (user, found) in &state.users {
        facts.insert(format!("user {user}"), found.role.to_string());
    }
    for (name, team) in &state.teams {
        facts.insert(format!("team {name}"), String::new());
        for member in &team.members {
            facts.insert(format!("member {name} {member}"), String::new());
        }
        for (project, role) in &team.roles {
            facts.insert(format!("role {name} {project}"), role.to_string());
        }
    }
    for ((user, project), role) in &state.grants {
        facts.insert(format!("grant {user} {project}"), role.to_string());
    }
    for (id, project) in &state.projects {
        if let Some(role) = &project.everyone {
            facts.insert(format!("everyone {id}"), role.to_string());
        }
    }
    facts
}

/// The plan that a run follows, if the guards let it pass.
fn planned(world: &World) -> Option<Plan> {
    guard::approve(plan(&world.desired, &world.live)).ok().map(|approved| approved.plan().clone())
}

fn undo(desired: &Desired, live: &State, deeds: &Deeds) -> Plan {
    planning::undo(desired, live.clone(), "local", AS_OF, deeds)
}

/// The same rules for everybody: an undo that takes much back is held as any plan is, and that is judged elsewhere.
fn without_limits(world: &World) -> Desired {
    let mut desired = world.desired.clone();
    desired.guards.max_removals = accessctl::desired::Most::Percent(100);
    desired.guards.max_invites = 1000;
    desired
}

/// Asserts that what is left alone is left for a reason that the configuration gives.
fn left_for_a_reason(undo: &Plan) -> bool {
    let left = &undo.undoing.as_ref().unwrap().left;
    for left in left {
        let known =
            ["is blocked", "`manage.ignore` keeps", "an identity provider looks after", "is the last active owner"];
        assert!(known.iter().any(|known| left.why.contains(known)), "{left:?}");
    }
    !left.is_empty()
}

fn fails(plan: &Plan, places: &[prop::sample::Index]) -> BTreeSet<ChangeId> {
    let changes = &plan.changes;
    places.iter().filter(|_| !changes.is_empty()).map(|place| changes[place.index(changes.len())].id).collect()
}

// Each case waits for the disk many times, as every journal does.
proptest! {
    #![proptest_config(crate::of_cases(cases() / 8))]

    #[test]
    fn what_a_run_did_is_taken_back(
        world in world(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        places_of_undo in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let Some(plan) = planned(&world) else { return Ok(()) };
        let (journals, desired) = (Journals::new(), without_limits(&world));
        let after = journals.run("first", &plan, &fails(&plan, &places), None);
        let back = undo(&desired, &after, &journals.deeds("first"));
        prop_assert!(back.changes.iter().all(|planned| planned.origin == Origin::Undo && planned.why == Why::Undone));
        let leaves = left_for_a_reason(&back);
        if !leaves && !back.is_blocked() {
            prop_assert_eq!(facts(&back.target), facts(&world.live));
        }
        let joined = |state: &State| state.users.iter().filter(|(_, user)| user.status == Status::Active).count();
        prop_assert!(joined(&back.target) <= joined(&world.live));
        let Ok(approved) = guard::approve(back) else { return Ok(()) };
        // It is as sound as any plan.
        let back = approved.plan();
        let mut state = back.live.clone();
        for planned in back.to_do() {
            state.perform(&planned.change, AS_OF).unwrap_or_else(|misfit| panic!("{planned:?}: {misfit}"));
            never_worse(back, &state);
        }
        let fails = fails(back, &places_of_undo);
        if back.held().next().is_none() && !back.changes.is_empty() {
            walk(back, &fails, AS_OF);
        }
        // Where a part of it fails the next one does the rest, and then there is nothing to do.
        let state = journals.run("second", back, &fails, Some("first"));
        let rest = undo(&desired, &state, &journals.deeds("first"));
        left_for_a_reason(&rest);
        let Ok(approved) = guard::approve(rest) else { return Ok(()) };
        let state = journals.run("third", approved.plan(), &BTreeSet::new(), Some("first"));
        if !leaves {
            prop_assert_eq!(facts(&state), facts(&world.live));
        }
        let again = undo(&desired, &state, &journals.deeds("first"));
        prop_assert!(again.changes.is_empty(), "{:#?}", again.changes);
    }

    #[test]
    fn what_others_changed_since_is_left(
        world in world(),
        wish in state(),
        made in prop::collection::vec(prop::bool::weighted(0.3), 1..20),
        accepts in any::<bool>(),
    ) {
        let Some(plan) = planned(&world) else { return Ok(()) };
        if !plan.team_renames.is_empty() {
            return Ok(());
        }
        let (journals, desired) = (Journals::new(), without_limits(&world));
        let after = journals.run("first", &plan, &BTreeSet::new(), None);
        let mut now = after.clone();
        for (change, _) in diff(&after, &wish, &BTreeMap::new()).iter().zip(made.iter().cycle()).filter(|(_, is_made)| **is_made) {
            let _ = now.perform(change, AS_OF);
        }
        if accepts {
            now.users.values_mut().for_each(|user| user.status = Status::Active);
        }
        let back = undo(&desired, &now, &journals.deeds("first"));
        let [before, after, now, then] = [&world.live, &after, &now, &back.target].map(facts);
        let keys: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
        for key in keys.into_iter().filter(|key| now.get(*key) != then.get(*key)) {
            prop_assert_eq!(now.get(key), after.get(key), "{} was changed by somebody else", key);
            prop_assert_eq!(then.get(key), before.get(key), "{} was otherwise before", key);
        }
        // What the run did is taken back, as before already, or told.
        let undoing = back.undoing.as_ref().unwrap();
        let told: BTreeSet<&Change> = undoing.left.iter().map(|left| &left.change).collect();
        if told.is_empty() && undoing.as_before == 0 {
            for key in before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key)) {
                prop_assert_eq!(then.get(key), before.get(key), "{}", key);
            }
        }
    }
}
