//! Rules that cannot be judged without the live side: who is in a team that states no members, or what a team may do that
//! states no projects.

use jiff::Timestamp;

use super::NAMED;
use super::rule::could_break;
use crate::access::Ranks;
use crate::desired::{Desired, DesiredTeam, LapseWhy, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::TeamName;

/// One remark for each rule that may be broken by what is not stated.
pub(super) fn remarks(desired: &Desired, as_of: Timestamp) -> Vec<Diagnostic> {
    let ranks = desired.ranks();
    let half = |team: &DesiredTeam| team.members.is_none() != team.roles.is_none();
    let teams: Vec<(&TeamName, &DesiredTeam)> = desired.teams.iter().filter(|(_, team)| half(team)).collect();
    if teams.is_empty() {
        return Vec::new();
    }
    let of = |rule: &Rule| {
        let may = |(name, team): &&(&TeamName, &DesiredTeam)| may_break(rule, (*name, team), &ranks, desired, as_of);
        let teams: Vec<&(&TeamName, &DesiredTeam)> = teams.iter().filter(may).collect();
        let names: Vec<String> = teams.iter().map(|(name, _)| format!("`{name}`")).collect();
        let (first, team) = match names.as_slice() {
            [] => return None,
            [only] => (only.clone(), "the team"),
            names if names.len() <= NAMED => (names.join(", "), "the teams"),
            names => (format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED), "the teams"),
        };
        let message = format!(
            "the rule `{}` can be judged of {team} {first} only with the live side: members or projects are not stated",
            rule.name
        );
        let remark = Diagnostic::at(Code::RuleNotJudged, rule.place, message, "`plan` judges it");
        let remark = teams.iter().take(NAMED).fold(remark, |remark, (_, team)| remark.also(team.place, "this team"));
        Some(remark.help("state what is missing, or look at the plan"))
    };
    desired.policy.iter().filter_map(of).collect()
}

fn may_break(
    rule: &Rule,
    (name, team): (&TeamName, &DesiredTeam),
    ranks: &Ranks,
    desired: &Desired,
    as_of: Timestamp,
) -> bool {
    let when = &rule.when;
    if !when.via.team || !when.teams.as_ref().is_none_or(|teams| teams.contains(name)) {
        return false;
    }
    let in_force = crate::desired::InForce::new(desired, as_of);
    let is_over = |why: Option<LapseWhy>| why.is_some_and(|why| why != LapseWhy::NotYet);
    match (&team.members, &team.roles) {
        (None, Some(roles)) => roles.iter().any(|(project, fact)| {
            !is_over(in_force.fact(fact).map(|lapse| lapse.why)) && could_break(rule, *project, &fact.value, ranks)
        }),
        (Some(members), None) => members.iter().any(|(user, fact)| {
            let fits = when.users.as_ref().is_none_or(|people| people.hold(user, desired.is_external(user)));
            fits && !is_over(in_force.fact_of(user, fact).map(|lapse| lapse.why))
        }),
        (Some(_), Some(_)) | (None, None) => false,
    }
}
