//! Remarks about environments that are probably one, written in two ways.

use std::collections::BTreeMap;

use super::{Found, Lint};
use crate::diagnostic::{Code, Diagnostic};
use crate::near::is_slip;
use crate::source::Span;

/// So many different environments are compared with each other: more are no words that people choose.
const COMPARED: usize = 200;

/// Projects whose environment is called nearly as that of other projects. A rule about `production` leaves a project alone
/// whose environment is `prodution`, and nobody would notice.
pub(super) fn alike(lint: &Lint<'_>, found: &mut Found<'_>) {
    let mut environments: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for environment in lint.desired.projects.values().filter_map(|project| project.environment.as_ref()) {
        environments.entry(&environment.value).or_default().push(environment.place);
    }
    for places in environments.values_mut() {
        places.sort();
    }
    let names: Vec<(&str, &[Span])> =
        environments.iter().map(|(name, places)| (*name, places.as_slice())).take(COMPARED).collect();
    for (odd, places) in &names {
        let is_better = |other: &&(&str, &[Span])| {
            // Of two, the one that a rule names is meant, else the one that more projects have, else the second: capitals
            // come first.
            let weight = |name: &str, places: &[Span]| (lint.desired.is_environment_of_rule(name), places.len());
            let (this, that) = (weight(odd, places), weight(other.0, other.1));
            is_slip(odd, other.0) && (that, other.0) > (this, *odd)
        };
        let best = names
            .iter()
            .filter(is_better)
            .max_by_key(|(name, places)| (lint.desired.is_environment_of_rule(name), places.len(), *name));
        let (Some((meant, others)), Some(place)) = (best, places.first()) else { continue };
        let named = if lint.desired.is_environment_of_rule(meant) { ", which a rule names" } else { "" };
        let message = format!("the environment `{odd}` is called nearly as `{meant}`{named}");
        let remark = Diagnostic::at(Code::EnvironmentsAlike, *place, message, "another environment");
        let remark = match places.len() - 1 {
            0 => remark,
            1 => remark.note("1 more project has it"),
            more => remark.note(format!("{more} more projects have it")),
        };
        let remark = others.iter().take(1).fold(remark, |remark, other| remark.also(*other, "nearly the same"));
        let help = format!("write `{meant}` if that is meant, or names that are not so near: rules tell them apart");
        found.push(remark.help(help));
    }
}
