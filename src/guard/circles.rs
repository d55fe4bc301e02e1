//! What cannot be done without somebody having more meanwhile: told, and done as a whole or not at all.

use super::some_of;
use crate::change::Change;
use crate::model::{Email, ProjectId, TeamName};
use crate::plan::{
    ChangeId, ChangeStatus, Channel, Circle, GuardCode, GuardEffect, GuardFinding, Lapse, Meanwhile, Plan,
};

/// Leaves a circle to people as a whole where they make a part of it, and says of each circle that is not held who has
/// what meanwhile.
pub(super) fn leave_together(plan: &mut Plan) -> Vec<GuardFinding> {
    let circles = std::mem::take(&mut plan.circles);
    let mut findings = Vec::new();
    for circle in &circles {
        let is_of_it = |id: ChangeId| circle.changes.binary_search(&id).is_ok();
        let by_hand = plan.changes.iter().find(|planned| planned.channel == Channel::Manual && is_of_it(planned.id));
        let by_hand = by_hand.map(|planned| planned.id);
        if by_hand.is_some() {
            plan.changes
                .iter_mut()
                .filter(|planned| is_of_it(planned.id))
                .for_each(|planned| planned.channel = Channel::Manual);
        }
        let is_held =
            |id: ChangeId| plan.changes.iter().any(|planned| planned.id == id && planned.status == ChangeStatus::Held);
        if !circle.changes.first().copied().is_some_and(is_held) {
            let message = message(plan, circle, by_hand);
            findings.push(GuardFinding::new(GuardCode::Circle, GuardEffect::Warn, message));
        }
    }
    plan.circles = circles;
    findings
}

fn message(plan: &Plan, circle: &Circle, by_hand: Option<ChangeId>) -> String {
    let of = |id: &ChangeId| plan.changes.iter().find(|planned| planned.id == *id);
    let words = |id: &ChangeId| of(id).map_or_else(String::new, |planned| in_words(plan, &planned.change));
    let changes: Vec<String> = circle.changes.iter().map(words).collect();
    let on = |project| plan.project_label(project);
    let more = circle.meanwhile.iter().map(|Meanwhile { from: _, until, user, project, role }| {
        format!("`{}` has {} on {} until {}", user, role.as_str(), on(*project), words(until))
    });
    let less = circle.lapses.iter().map(|Lapse { from, user, project }| {
        format!("`{}` may have less on {} when {}", user, on(*project), words(from))
    });
    let said: Vec<String> = more.chain(less).collect();
    let by_hand = by_hand.map_or(String::new(), |id| {
        format!(
            ". Since a person has to see to it that {}, all of them are left to people, to be made in this order, at once",
            words(&id)
        )
    });
    format!("these wait for each other: {}{by_hand}. Meanwhile {}", changes.join("; "), some_of(&said))
}

/// What a change does, in a few words.
fn in_words(plan: &Plan, change: &Change) -> String {
    let on = |project: ProjectId| plan.project_label(project);
    let team_of = |team: &TeamName| format!("team `{}`", team);
    let user_of = |user: &Email| format!("`{}`", user);
    match change {
        Change::RenameTeam { from, to } => format!("{} becomes `{}`", team_of(from), to),
        Change::CreateTeam { team } => format!("{} is made", team_of(team)),
        Change::DeleteTeam { team } => format!("{} is deleted", team_of(team)),
        Change::InviteUser { user, .. } => format!("{} is invited", user_of(user)),
        Change::CancelInvite { user } | Change::RemoveUser { user } => format!("{} is removed", user_of(user)),
        Change::SetOrgRole { user, to, .. } => format!("{} becomes {}", user_of(user), to.as_str()),
        Change::AddTeamMember { team, user } => format!("{} joins {}", user_of(user), team_of(team)),
        Change::RemoveTeamMember { team, user } => format!("{} leaves {}", user_of(user), team_of(team)),
        Change::SetTeamRole { team, project, to, .. } => {
            format!("{} gets {} on {}", team_of(team), to.as_str(), on(*project))
        }
        Change::RemoveTeamRole { team, project, .. } => format!("{} loses its role on {}", team_of(team), on(*project)),
        Change::SetGrant { user, project, to, .. } => {
            format!("{} is granted {} on {}", user_of(user), to.as_str(), on(*project))
        }
        Change::RemoveGrant { user, project, .. } => format!("{} loses the grant on {}", user_of(user), on(*project)),
        Change::SetEveryone { project, to, .. } => {
            format!("everyone gets {} on {}", to.as_str(), on(*project))
        }
        Change::RemoveEveryone { project, .. } => format!("everyone loses the role on {}", on(*project)),
    }
}
