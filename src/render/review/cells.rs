//! One row of a review, as text that is visible and not escaped for any form yet.

use std::borrow::Cow;

use super::row_difference;
use crate::access::Via;
use crate::grounds::{Compared, View};
use crate::render::access::status;
use crate::render::text::changes::place;
use crate::render::visible;
use crate::review::{self, Reviewed};
use crate::source::Sources;

/// The texts of one row.
pub(super) struct Cells<'a> {
    pub(super) user: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) status: &'a str,
    pub(super) belonging: &'a str,
    pub(super) org_role: Cow<'a, str>,
    pub(super) project: Cow<'a, str>,
    pub(super) project_id: String,
    pub(super) project_name: Cow<'a, str>,
    pub(super) environment: Cow<'a, str>,
    pub(super) role: Cow<'a, str>,
    pub(super) via: &'a str,
    pub(super) team: Cow<'a, str>,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) reason: Cow<'a, str>,
    pub(super) ticket: Cow<'a, str>,
    pub(super) approved_by: String,
    pub(super) sponsor: Cow<'a, str>,
    pub(super) last_active: String,
    pub(super) places: String,
    /// How the sides differ.
    pub(super) difference: String,
}

fn shown(text: Option<&str>) -> Cow<'_, str> {
    text.map_or(Cow::Borrowed(""), visible)
}

impl<'a> Cells<'a> {
    pub(super) fn new(view: View<'a>, reviewed: &Reviewed<'a>, row: &Compared<'a>, sources: &Sources) -> Option<Self> {
        let access = row.found()?;
        let person = &reviewed.person;
        let role = review::role(row)?;
        let team = match access.source.via {
            Via::Team(team) => Some(team.as_str()),
            Via::OrgRole | Via::Grant | Via::Everyone => None,
        };
        let label = match view.project_label(access.project) {
            Cow::Borrowed(key) => visible(key),
            Cow::Owned(id) => Cow::Owned(id),
        };
        let approvers: Vec<_> = row.approved_by().iter().map(|email| visible(email)).collect();
        let mut places: Vec<_> = row.lines().map(|own| own.place).collect();
        places.extend(row.lapse.map(|lapse| lapse.place));
        let mut places: Vec<String> = places.into_iter().map(|found| place(sources, found)).collect();
        // An end stands in the line of what it ends.
        if row.lapse.is_some() && places.split_last().is_some_and(|(last, others)| others.contains(last)) {
            places.pop();
        }
        Some(Self {
            user: visible(reviewed.user.as_str()),
            name: shown(person.name),
            status: person.status.map_or("", status),
            belonging: match reviewed.external {
                Some(true) => "external",
                Some(false) => "internal",
                None => "",
            },
            org_role: shown(person.role.map(|role| role.as_str())),
            project: label,
            project_id: access.project.to_string(),
            project_name: shown(view.project_name(access.project)),
            environment: shown(view.environment(access.project)),
            role: visible(role.as_str()),
            via: access.source.via.as_str(),
            team: shown(team),
            since: row.since().map_or(String::new(), |since| since.to_string()),
            until: row.until().map_or(String::new(), |until| until.to_string()),
            reason: shown(row.noted(|note| note.reason.as_deref())),
            ticket: shown(row.noted(|note| note.ticket.as_deref())),
            approved_by: approvers.join(" "),
            sponsor: shown(row.noted(|note| note.sponsor.as_ref()).map(|email| email.as_str())),
            last_active: person.last_active.map_or(String::new(), |seen| seen.strftime("%Y-%m-%d").to_string()),
            places: places.join(" "),
            difference: row_difference(row, person.standing),
        })
    }
}
