//! Why changes are in a plan: what is proposed, told from what was agreed to before.

use std::collections::BTreeSet;

use super::{Origin, Plan, Why};
use crate::change::Change;
use crate::model::State;

impl Plan {
    /// Tells what this plan proposes from what was agreed to before: `agreed` are the changes that an earlier form of the
    /// configuration, the base, leads to on the same live side at the same moment.
    ///
    /// What both want is not live: either it was never applied, or somebody changed the live side since. `applied`, the
    /// live side as the last apply left it, tells which. Without it what nobody declares counts as drift and everything
    /// else as pending.
    pub fn tell_origins(&mut self, agreed: &[Change], applied: Option<&State>) {
        self.knows_base = true;
        let agreed: BTreeSet<&Change> = agreed.iter().collect();
        // Changes speak of teams by the names that they are going to have.
        let renamed = applied.map(|applied| {
            let mut renamed = applied.clone();
            for (from, to) in &self.team_renames {
                if !renamed.teams.contains_key(to)
                    && let Some(team) = renamed.teams.remove(from)
                {
                    renamed.teams.insert(to.clone(), team);
                }
            }
            renamed
        });
        for planned in &mut self.changes {
            let state = if planned.change.team_rename().is_some() { applied } else { renamed.as_ref() };
            let was_live = || state.and_then(|state| state.shows(&planned.change));
            // Whoever writes an end that is over proposes a removal, so time alone counts only where the base says it too.
            planned.origin = match (agreed.contains(&planned.change), planned.why) {
                (false, _) => Origin::Proposed,
                (true, Why::Expired) => Origin::Expiry,
                (true, why) => match (was_live(), why) {
                    (Some(true), _) | (None, Why::Unlisted) => Origin::Drift,
                    (Some(false) | None, _) => Origin::Pending,
                },
            };
        }
    }

    /// How many of the changes that are to be done have this origin.
    pub fn count_of(&self, origin: Origin) -> usize {
        self.to_do().filter(|planned| planned.origin == origin).count()
    }
}
