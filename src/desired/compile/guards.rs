//! What stops a plan.

use jiff::tz::TimeZone;

use super::facts::Scope;
use crate::desired::{Bound, Guards, Waiver};
use crate::diagnostic::{Code, Diagnostic};
use crate::spec::{self, Count};

/// The rails of the organization.
pub(super) fn compile(scope: &mut Scope<'_, '_, '_>, written: Option<&spec::Guards<'_>>) -> Guards {
    let mut guards = Guards::default();
    let Some(written) = written else { return guards };
    let number = |count: &Count| usize::try_from(count.0.value).unwrap_or(usize::MAX);
    if let Some(owners) = &written.min_owners {
        guards.min_owners = number(owners);
        if guards.min_owners == 0 {
            let message = "an organization without owners cannot be managed by anybody";
            let finding = Diagnostic::at(Code::BadNumber, owners.0.span, message, "expected 1 or more");
            scope.findings.push(finding.help("leave `min_owners` out for one owner, or write 2"));
        }
    }
    if let Some(most) = &written.max_removals {
        guards.max_removals = most.0;
    }
    if let Some(most) = &written.max_invites {
        guards.max_invites = usize::try_from(most.0).unwrap_or(usize::MAX);
    }
    if let Some(days) = &written.invite_stale_days {
        guards.invite_stale_days = days.0.value;
    }
    for email in written.protected.iter().flat_map(|list| &list.items) {
        let Some(user) = scope.user(email) else { continue };
        if let Some(first) = guards.protected.get(&user) {
            let message = format!("the user `{user}` is protected twice");
            scope.twice(Code::ProtectedTwice, email.span, *first, message);
        } else {
            guards.protected.insert(user, email.span);
        }
    }
    let zone = scope.timezone.clone().unwrap_or(TimeZone::UTC);
    for waiver in written.waivers.iter().flat_map(|list| &list.items) {
        let (removals, invites) = (waiver.removals.as_ref().map(number), waiver.invites.as_ref().map(number));
        if removals.is_none() && invites.is_none() {
            let message = "this waiver lets nothing through";
            let finding = Diagnostic::at(Code::MissingKey, waiver.span, message, "`removals` or `invites` is missing");
            scope.findings.push(finding.help("write how many, such as `removals: 40`"));
        }
        let (Some(until), Some(reason)) = (&waiver.until, &waiver.reason) else { continue };
        let ticket = waiver.ticket.as_ref().map_or(String::new(), |ticket| format!(" ({})", ticket.text));
        guards.waivers.push(Waiver {
            place: waiver.span,
            removals: removals.unwrap_or(0),
            invites: invites.unwrap_or(0),
            until: Bound { at: until.value.end(&zone), day: until.value.day(), place: until.span },
            reason: format!("{}{ticket}", reason.text),
        });
    }
    guards
}
