//! One row of a review, as text that is visible and not escaped for any form yet.

use std::borrow::Cow;

use super::difference;
use crate::access::Via;
use crate::grounds::{Compared, Mark, View};
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
        let access = row.shown()?;
        let person = &reviewed.person;
        let role = review::role(row)?;
        let desired = row.desired.map(|access| access.source.role);
        let difference = match (row.mark, desired) {
            (Mark::OtherRole, Some(desired)) => format!("desired: {}", visible(desired.as_str())),
            (mark, _) => difference(mark).to_owned(),
        };
        let team = match access.source.via {
            Via::Team(team) => Some(team.as_str()),
            Via::OrgRole | Via::Grant | Via::Everyone => None,
        };
        let label = match view.project_label(access.project) {
            Cow::Borrowed(key) => visible(key),
            Cow::Owned(id) => Cow::Owned(id),
        };
        let approvers: Vec<_> = access.approved_by().iter().map(|email| visible(email)).collect();
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
            since: access.since().map_or(String::new(), |since| since.to_string()),
            until: access.until().map_or(String::new(), |until| until.to_string()),
            reason: shown(access.reason()),
            ticket: shown(access.ticket()),
            approved_by: approvers.join(" "),
            sponsor: shown(access.sponsor().map(|email| email.as_str())),
            last_active: person.last_active.map_or(String::new(), |seen| seen.strftime("%Y-%m-%d").to_string()),
            places: access.own_grounds().map(|ground| place(sources, ground.place)).collect::<Vec<_>>().join(" "),
            difference,
        })
    }
}
