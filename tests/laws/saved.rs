//! Laws of saved plans: what was reviewed is what is done, whatever happened in between.

use std::collections::BTreeSet;

use accessctl::change::Change;
use accessctl::desired::{Desired, Guards};
use accessctl::diff::diff;
use accessctl::model::{Email, Interner, State, Status, TeamName};
use accessctl::plan::{Accepted, ChangeStatus, GuardCode, Meta, Plan};
use accessctl::render::WithoutPlan;
use accessctl::render::json::{Head, Layout, write_plans};
use accessctl::saved::{Comparison, SavedPlan, SavedProblem, compare, read};
use accessctl::source::{SourceFile, Sources};
use accessctl::{guard, planning};
use proptest::prelude::*;

use crate::guards::{keeps_within_its_rails, planned, rails};
use crate::walk::walk;
use crate::world::{AS_OF, World, state, world};
use crate::{cases, edits, never_worse};

/// The file that `plan --out` makes.
fn file(plan: &Plan) -> String {
    // The generated places lie within a text of this length.
    let sources = Sources::new(vec![SourceFile::new("access.yaml", "x".repeat(5_000))]);
    let meta =
        Meta::new([("pr".to_owned(), "12".to_owned()), ("author".to_owned(), "\"Ana\" \\ Ruiz".to_owned())]).unwrap();
    let head = Head { created_at: AS_OF, as_of: AS_OF, meta: &meta };
    let mut text = Vec::new();
    write_plans(&mut text, std::slice::from_ref(plan), WithoutPlan::default(), &sources, head, Layout::Lines).unwrap();
    String::from_utf8(text).unwrap()
}

fn reread(text: &str) -> Result<SavedPlan, SavedProblem> {
    read(text.as_bytes(), "plan.json", &mut Interner::default())
}

fn against(plan: &Plan, fresh: Plan) -> Comparison {
    let saved = reread(&file(plan)).unwrap();
    compare(&saved.orgs[&plan.org], fresh)
}

/// Whether `state` shows what `change` makes, where teams may still have the names from before `renames`.
fn shows(state: &State, renames: &[(TeamName, TeamName)], change: &Change) -> bool {
    let team = |name: &TeamName| {
        let old = renames.iter().find(|(_, to)| to == name).and_then(|(from, _)| state.teams.get(from));
        state.teams.get(name).or(old)
    };
    match change {
        Change::RenameTeam { from, to } => !state.teams.contains_key(from) && state.teams.contains_key(to),
        Change::CreateTeam { team } => state.teams.contains_key(team),
        Change::DeleteTeam { team } => !state.teams.contains_key(team),
        Change::InviteUser { user, role } | Change::SetOrgRole { user, to: role, .. } => {
            state.users.get(user).is_some_and(|found| found.role == *role)
        }
        Change::RemoveUser { user } | Change::CancelInvite { user } => !state.users.contains_key(user),
        Change::AddTeamMember { team: name, user } => team(name).is_some_and(|team| team.members.contains(user)),
        Change::RemoveTeamMember { team: name, user } => !team(name).is_some_and(|team| team.members.contains(user)),
        Change::SetTeamRole { team: name, project, to, .. } => {
            team(name).and_then(|team| team.roles.get(project)) == Some(to)
        }
        Change::RemoveTeamRole { team: name, project, .. } => {
            team(name).is_none_or(|team| !team.roles.contains_key(project))
        }
        Change::SetGrant { user, project, to, .. } => state.grants.get(&(user.clone(), *project)) == Some(to),
        Change::RemoveGrant { user, project, .. } => !state.grants.contains_key(&(user.clone(), *project)),
        Change::SetEveryone { project, to, .. } => state.projects[project].everyone.as_ref() == Some(to),
        Change::RemoveEveryone { project, .. } => state.projects[project].everyone.is_none(),
    }
}

/// What happens between the review and the apply.
#[derive(Debug, Clone)]
struct Meanwhile {
    /// Somebody leads the live side a part of the way to this one.
    wish: State,
    /// Which of the changes to the wish, and of those of the plan, are made.
    made: (Vec<bool>, Vec<bool>),
    /// Somebody merges another configuration.
    other: Option<Desired>,
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    let made = |weight| prop::collection::vec(prop::bool::weighted(weight), 1..20);
    let other = prop::option::weighted(0.2, world().prop_map(|world| world.desired));
    let share = prop_oneof![Just(0.0), Just(0.1), Just(0.4)];
    (state(), share.clone().prop_flat_map(made), share.prop_flat_map(made), other)
        .prop_map(|(wish, to_wish, of_plan, other)| Meanwhile { wish, made: (to_wish, of_plan), other })
}

impl Meanwhile {
    /// The live side after it.
    fn live(&self, plan: &Plan) -> State {
        let mut live = plan.live.clone();
        let wished = diff(&live, &self.wish, &Default::default());
        let wished = wished.iter().zip(self.made.0.iter().cycle());
        for (change, _) in wished.chain(edits(plan).zip(self.made.1.iter().cycle())).filter(|(_, is_made)| **is_made) {
            // What does not fit after what was done before is not done.
            let _ = live.perform(change, AS_OF);
        }
        // Invitations are taken up.
        for user in live.users.values_mut().filter(|user| user.status.is_invited()).take(self.made.0.len() % 2) {
            user.status = Status::Active;
        }
        live
    }

    /// The plan of now, unjudged by rails of its own, if there can be one.
    fn fresh(&self, world: &World, rails: &Guards, saved: &Plan) -> Option<Plan> {
        let desired = self.other.as_ref().unwrap_or(&world.desired);
        let desired = Desired { guards: rails.clone(), ..desired.clone() };
        planning::plan(&desired, self.live(saved), "local", AS_OF).ok().map(|planned| planned.plan)
    }
}

proptest! {
    #![proptest_config(crate::of_cases(cases() / 3))]

    #[test]
    fn on_a_live_side_that_is_as_it_was_a_saved_plan_is_the_plan(world in world(), rails in rails()) {
        let plan = planned(&world, &rails);
        if plan.is_refused() && !plan.is_blocked() {
            return Ok(());
        }
        let Comparison { plan: left, already_so, unmet, stale, refused, others } = against(&plan, plan.clone());
        prop_assert!(already_so.is_empty() && unmet.is_empty() && stale.is_empty());
        prop_assert!(refused.is_empty() && others.is_empty());
        let told = |plan: &Plan| format!("{:?}", plan.changes);
        prop_assert_eq!(told(&left), told(&plan));
        // Nobody performs a blocked plan: the last owner cannot be taken away.
        prop_assert!(left.target == plan.target || plan.is_blocked());
        prop_assert_eq!(left.guards.iter().map(|found| found.held).sum::<usize>(), plan.guards.iter().map(|found| found.held).sum::<usize>());
    }

    #[test]
    fn what_is_done_was_reviewed_and_still_follows(world in world(), rails in rails(), meanwhile in meanwhile()) {
        let saved = planned(&world, &rails);
        let Some(fresh) = meanwhile.fresh(&world, &saved.rails, &saved) else { return Ok(()) };
        let live = fresh.live.clone();
        let (agreed, now): (BTreeSet<&Change>, BTreeSet<Change>) = (edits(&saved).collect(), edits(&fresh).cloned().collect());
        let compared = against(&saved, fresh.clone());
        let Comparison { plan, already_so, unmet, stale, refused, others } = &compared;
        // Every change of either plan is in one place.
        let refused: BTreeSet<&Change> = refused.iter().map(|planned| &planned.change).collect();
        let follows: BTreeSet<&Change> =
            edits(plan).chain(unmet.iter().map(|unmet| &unmet.change)).chain(refused.iter().copied()).collect();
        prop_assert_eq!(&follows, &agreed.iter().copied().filter(|change| now.contains(*change)).collect());
        prop_assert_eq!(follows.len(), plan.changes.len() + unmet.len() + refused.len());
        let others: BTreeSet<&Change> = others.iter().map(|planned| &planned.change).collect();
        prop_assert_eq!(&others, &now.iter().filter(|change| !agreed.contains(change)).collect());
        let renames: Vec<(TeamName, TeamName)> = agreed.iter().filter_map(|change| match change {
            Change::RenameTeam { from, to } => Some((from.clone(), to.clone())),
            _ => None,
        }).collect();
        let (so, not): (Vec<&Change>, Vec<&Change>) = edits(&saved).filter(|change| !now.contains(*change))
            .partition(|change| shows(&live, &renames, change));
        prop_assert_eq!(already_so.iter().collect::<Vec<_>>(), so);
        prop_assert_eq!(stale.iter().map(|stale| &stale.change).collect::<Vec<_>>(), not);
        // What is left out needs what was not agreed to.
        for unmet in unmet {
            prop_assert!(others.contains(&unmet.needs) || refused.contains(&unmet.needs), "{unmet:?}");
        }
        for planned in plan.held().chain(plan.to_do()) {
            prop_assert!(planned.depends_on.iter().all(|needed| *needed < planned.id), "{planned:?}");
        }
        // What was seen as held is not done without a word.
        let was_held = |change: &Change| saved.changes.iter()
            .any(|planned| planned.change == *change && planned.status == ChangeStatus::Held);
        for planned in plan.to_do().filter(|_| !plan.is_blocked()) {
            let gone: Option<&Email> = planned.change.user().filter(|user| plan.replaced_users.contains_key(*user));
            let counts = planned.change.kind().is_removal() && gone.is_none() || matches!(planned.change, Change::InviteUser { .. });
            prop_assert!(!(counts && was_held(&planned.change)), "{planned:?}");
            // What was refused is not done at all, however the configuration was mended.
            prop_assert!(!(saved.is_refused() && was_held(&planned.change)), "{planned:?}");
        }
    }

    #[test]
    fn what_is_left_of_a_saved_plan_is_as_sound_as_any_plan(
        world in world(),
        rails in rails(),
        meanwhile in meanwhile(),
        fails in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let saved = planned(&world, &rails);
        let Some(fresh) = meanwhile.fresh(&world, &saved.rails, &saved) else { return Ok(()) };
        let Ok(approved) = guard::approve(against(&saved, fresh).plan) else { return Ok(()) };
        let plan = approved.plan();
        keeps_within_its_rails(plan);
        let mut state = plan.live.clone();
        for planned in plan.to_do() {
            state.perform(&planned.change, AS_OF).unwrap_or_else(|misfit| panic!("{planned:?}: {misfit}"));
            never_worse(plan, &state);
        }
        prop_assert_eq!(&state, &plan.target);
        // What is held takes along what waits for it, as what fails does: that has a law of its own.
        if plan.changes.is_empty() || plan.held().next().is_some() {
            return Ok(());
        }
        let fails = fails.iter().map(|place| plan.changes[place.index(plan.changes.len())].id).collect();
        walk(plan, &fails, AS_OF);
    }

    #[test]
    fn what_is_held_can_be_let_through_by_its_number(world in world(), rails in rails(), meanwhile in meanwhile()) {
        let saved = planned(&world, &rails);
        let Some(fresh) = meanwhile.fresh(&world, &saved.rails, &saved) else { return Ok(()) };
        let mut plan = against(&saved, fresh).plan;
        if saved.is_refused() || plan.is_refused() {
            return Ok(());
        }
        let (removals, invites) = (plan.held_by(GuardCode::MaxRemovals), plan.held_by(GuardCode::MaxInvites));
        prop_assert_eq!(removals + invites > 0, plan.held().next().is_some());
        plan.accepted = Accepted { removals: Some(removals), invites: Some(invites) };
        guard::judge(&mut plan);
        prop_assert!(plan.held().next().is_none() || plan.is_refused());
    }

    #[test]
    fn an_altered_file_is_refused(world in world(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let plan = planned(&world, &(Guards::default(), Vec::new()));
        let text = file(&plan);
        let whole = reread(&text).unwrap();
        prop_assert_eq!(whole.orgs[&plan.org].changes.len(), plan.changes.len());
        let mut bytes = text.clone().into_bytes();
        let place = at.index(bytes.len());
        let was = std::mem::replace(&mut bytes[place], to);
        if let Ok(altered) = read(&bytes, "plan.json", &mut Interner::default()) {
            prop_assert!(was == to || (was.is_ascii_whitespace() && to.is_ascii_whitespace()), "{place}: {was} to {to}");
            prop_assert_eq!(altered, whole);
        }
        let cut = &text.as_bytes()[..at.index(text.trim_end().len())];
        prop_assert!(read(cut, "plan.json", &mut Interner::default()).is_err());
    }
}
