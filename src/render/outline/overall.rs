//! What the first sentences of several plans say, added up: of what is proposed in many organizations a reviewer reads
//! before one of them is looked for.

use std::collections::BTreeMap;

use super::grave::Fleeting;
use super::together::together;
use super::unforeseen::unforeseen_text;
use super::{Outline, People, Unforeseen, also};
use crate::model::{Email, OrgKey};
use crate::plan::{Plan, Proposal};
use crate::render::text::{capitalized, count, list_of};
use crate::render::{WithoutPlan, visible, visible_name};

/// Organizations that are named.
const NAMED: usize = 3;

/// What a plan has a share of the sentence about all by.
pub(crate) struct Share<'a> {
    pub(crate) plan: &'a Plan,
    /// How soon it is to be told: the least comes first.
    pub(crate) rank: Rank,
    /// What becomes of people by what is proposed or, where that is not told apart, by all of it; nothing where that is
    /// nothing.
    people: Option<People<'a>>,
    /// Roles of admins and owners that nobody has before and after.
    fleeting: Fleeting,
    /// What becomes of people besides, as things are live.
    unforeseen: Option<Unforeseen<'a>>,
}

/// The least is the gravest. What the author of a proposal answers for comes before what others did.
pub(crate) type Rank = [bool; 5];

impl<'a> From<Outline<'a>> for Share<'a> {
    fn from(outline: Outline<'a>) -> Self {
        let plan = outline.plan;
        let proposal = plan.proposal.as_ref();
        let is_grave = outline.unforeseen.as_ref().is_some_and(Unforeseen::is_grave);
        let fleeting = outline.first().map_or(Fleeting::default(), |part| outline.fleeting(part));
        let is_grave = is_grave || proposal.is_some_and(|found| found.is_grave() || fleeting.any());
        let rank = [
            !is_grave,
            !plan.is_blocked(),
            !proposal.is_some_and(|found| found.says_something()),
            !outline.raises(),
            plan.totals().removals == 0,
        ];
        let is_first = outline.first().is_some();
        let people = outline.parts.into_iter().next().filter(|_| is_first).map(|part| part.people);
        Self { plan, rank, people, fleeting, unforeseen: outline.unforeseen }
    }
}

impl Share<'_> {
    /// Whether nothing grave is proposed, nothing is blocked, and nothing is proposed: the least stands first.
    pub(crate) fn urgency(&self) -> [bool; 3] {
        let [is_not_grave, is_not_blocked, says_nothing, ..] = self.rank;
        [is_not_grave, is_not_blocked, says_nothing]
    }

    /// Whether something is proposed, as a base tells.
    pub(crate) fn is_proposed(&self) -> bool {
        self.people.is_some() && self.plan.knows_base()
    }
}

/// The first sentence about several organizations.
pub(crate) struct Overall {
    /// In which organizations nothing or hardly anything can be applied, as sentences; may be empty.
    pub(crate) refusals: Vec<String>,
    /// In which organizations something is proposed or, where that is not told apart, done.
    pub(crate) lead: String,
    /// What becomes of people and of rules, in phrases of a sentence, each with whether it is alarming.
    pub(crate) phrases: Vec<(bool, String)>,
    /// What it means besides, as things are live, as a sentence without its period and with whether it is alarming.
    pub(crate) note: Option<(bool, String)>,
}

/// What is proposed in the organizations of `shares` or, where that is not told apart, done in them; of `others` there is no
/// plan. `None` where there is nothing to be said.
pub(crate) fn overall(shares: &[&Share<'_>], others: WithoutPlan<'_>) -> Option<Overall> {
    let WithoutPlan { unplanned, unmanaged } = others;
    let mut telling: Vec<(&Share<'_>, &People<'_>)> =
        shares.iter().filter_map(|share| Some((*share, share.people.as_ref()?))).collect();
    // In the order in which they are told below.
    telling.sort_by_key(|(share, _)| share.urgency());
    let knows_base = shares.iter().any(|share| share.plan.knows_base());
    if telling.is_empty() && !knows_base {
        return None;
    }
    let refused = |sort: fn(&Plan) -> bool, begin: &str, end: &str| {
        let names: Vec<_> = shares.iter().filter(|share| sort(share.plan)).map(|share| &share.plan.org).collect();
        let named = names.iter().take(NAMED).map(|org| visible_name(org)).collect::<Vec<_>>();
        (!names.is_empty()).then(|| format!("{begin} in {}: {end} there.", list_of(&named, names.len())))
    };
    let refusals = [
        refused(Plan::is_blocked, "Blocked", "nothing can be applied"),
        refused(|plan| plan.is_refused() && !plan.is_blocked(), "Refused", "only what is blocked or over is applied"),
    ];
    let all: Vec<(&OrgKey, &People<'_>)> = telling.iter().map(|(share, people)| (&share.plan.org, *people)).collect();
    let mut phrases = phrases_of(&telling, &all);
    phrases.extend(telling.iter().fold(Fleeting::default(), |sum, (share, _)| sum.and(share.fleeting)).phrases());
    let proposals: Vec<&Proposal> = telling.iter().filter_map(|(share, _)| share.plan.proposal.as_deref()).collect();
    phrases.extend(also::phrases(&proposals));
    if phrases.is_empty() {
        let all = if unplanned.is_empty() { "of these organizations" } else { "of the organizations that are planned" };
        phrases.push((false, format!("nothing in any {all}")));
    }
    if !unmanaged.is_empty() {
        let verb = if unmanaged.len() == 1 { "is" } else { "are" };
        phrases.push((true, format!("{} {verb} not managed any more", count(unmanaged.len(), "organization"))));
    }
    if !unplanned.is_empty() && knows_base {
        let names: Vec<_> = unplanned.iter().take(NAMED).map(|org| visible_name(org)).collect();
        phrases.push((true, format!("what is proposed in {} is not known", list_of(&names, unplanned.len()))));
    }
    let names: Vec<_> = telling.iter().take(NAMED).map(|(share, _)| visible_name(&share.plan.org)).collect();
    let names = list_of(&names, telling.len());
    let lead = if knows_base { "Proposed in" } else { "In" };
    let lead = match telling.len() {
        0 => "Proposed".to_owned(),
        1 => format!("{lead} {names}"),
        number => format!("{lead} {} ({names})", count(number, "organization")),
    };
    let besides: Vec<(&OrgKey, &People<'_>)> =
        telling.iter().filter_map(|(share, _)| Some((&share.plan.org, &share.unforeseen.as_ref()?.people))).collect();
    let note = (!besides.is_empty()).then(|| {
        let names: Vec<_> = besides.iter().take(NAMED).map(|(org, _)| visible_name(org)).collect();
        let place = format!(" in {}", list_of(&names, besides.len()));
        unforeseen_text(&place, &phrases_of(&telling, &besides))
    });
    Some(Overall { refusals: refusals.into_iter().flatten().collect(), lead, phrases, note })
}

/// What becomes of `all`, the people of organizations that `telling` tells of; nothing where there are none.
fn phrases_of(telling: &[(&Share<'_>, &People<'_>)], all: &[(&OrgKey, &People<'_>)]) -> Vec<(bool, String)> {
    let mut sides = telling.iter().map(|(share, _)| &share.plan.live);
    let Some(first) = sides.clone().next() else { return Vec::new() };
    let live = sides.find(|live| !live.unread.is_empty()).unwrap_or(first);
    if let [(_, only)] = all {
        return only.phrases(live);
    }
    let addresses = telling.iter().flat_map(|(share, _)| {
        let earlier = share.plan.earlier_addresses.keys();
        earlier.map(|old| (old, share.plan.person(old)))
    });
    let addresses: BTreeMap<&Email, &Email> = addresses.collect();
    together(all, |user| addresses.get(user).copied().unwrap_or(user)).phrases(live)
}

/// Why no base tells what is proposed in several of `plans`, where that is the same in all of them, as a sentence without
/// its period: it is told once.
pub(crate) fn common_problem(plans: &[Plan]) -> Option<&str> {
    let mut problems = plans.iter().filter_map(|plan| plan.proposal.as_ref()?.no_base.as_deref());
    let first = problems.next()?;
    let mut others = problems.peekable();
    (others.peek().is_some() && others.all(|other| other == first)).then_some(first)
}

/// That there is no base to compare with, as a sentence without its period.
pub(crate) fn problem_text(problem: &str) -> String {
    capitalized(&visible(problem))
}
