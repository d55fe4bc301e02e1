//! Roles of teams that an identity provider is yet to make: nobody has them now, and whoever it puts there will.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{About, Amendments, Bearing, named};
use crate::desired::counterpart::Counterparts;
use crate::desired::ends::window;
use crate::desired::entry::Declared;
use crate::desired::strong::rank;
use crate::model::{BuiltInRole, ProjectRole, TeamName};

impl Amendments {
    /// What the teams of `awaited`, which are not live, are to give otherwise than `base` says. What begins or ends at another
    /// time than the moment `as_of` is told of itself.
    pub(super) fn awaited(&mut self, both: &Counterparts<'_>, awaited: &BTreeSet<&TeamName>, as_of: Timestamp) {
        for fact in Declared::all(both.head) {
            let Declared::TeamRole(team, project, role) = fact else { continue };
            let time = window(fact);
            if !awaited.contains(team) || time.is_before(as_of) || time.is_over(as_of) {
                continue;
            }
            let before = match both.before(fact) {
                Some(Declared::TeamRole(_, _, before)) => Some(&before.value),
                Some(Declared::User(..) | Declared::Member(..) | Declared::Grant(..)) | None => None,
            };
            if before == Some(&role.value) {
                continue;
            }
            // Whoever gives a custom role does not also say what it is worth.
            let of = |role| rank(both.base, project, role).max(rank(both.head, project, role));
            let (was, is) = (before.and_then(of), of(&role.value));
            let bearing = match is >= Some(BuiltInRole::Admin) && is > was {
                true => Bearing::Loosens,
                false => Bearing::Alters,
            };
            let key =
                both.head.projects.get(&project).map_or_else(|| project.to_string(), |found| found.key.to_string());
            let key = format!("teams.{}.projects.{}", named(&both.head.teams[team].key), named(&key));
            let text = |role: &ProjectRole| role.as_str().to_owned();
            let texts = [before.map(text), Some(text(&role.value))];
            self.add_about(About::Awaited, bearing, key, texts, Some(role.place));
        }
    }
}
