//! Every key of the language, and how another value of it is told.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::plan::Proposal;

use crate::proposal;

/// How another value of a key is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    /// As a change of access.
    Change,
    /// As an end that moves, or access that is to begin.
    End,
    /// As a rule that is another one now, with a key that begins so.
    Rule(&'static str),
    /// Not at all: it is text for people, and nothing goes by it.
    Text,
    /// By everything that it has in it.
    Parts,
    /// Not at all, since it cannot be another one.
    Fixed,
}
use Trace::{Change, End, Fixed, Parts, Rule, Text};

/// A configuration that says something under every key that can be said of the service.
const EVERYTHING: &str = r#"version: 1
org:
  key: acme
  id: 77
  name: Acme
  timezone: Europe/Berlin
  domains: [acme.com]
  backend:
    type: mixpanel
    region: eu
    base_url: https://proxy.acme.com
    unverified: [invite_user]
    limits: { reads: 4, writes: 2, requests_per_minute: 60, invitations_per_hour: 5 }
    catalogue: { remove_team_member: { path: "/organizations/{org}/teams/{team_id}/delete-users/", body: '{"userIds":["{user_id}"]}' } }
    scim: { claimed_domains: [acme.com] }
    org_roles: { owner: boss, admin: chief, billing_admin: billing, member: regular }
  manage:
    users: full
    teams: { mode: full, members: full }
    grants: full
    everyone: full
    projects: listed
    ignore: { users: ["*@mixpanel.com"], teams: ["Ops *"], projects: ["Sandbox *"] }
  blocked: [{ user: zoe@x.org, reason: left, ticket: IT-1, approved_by: ana@acme.com }]
  guards:
    min_owners: 1
    protected: [ana@acme.com]
    max_removals: 25%
    max_invites: 50
    invite_stale_days: 14
    waivers: [{ removals: 30, invites: 60, until: 2026-12-01, reason: moving, ticket: IT-2 }]
  accept:
    - { user: eve@acme.com, project: web, role: analyst, until: 2026-12-02, reason: night, ticket: IT-3 }
    - { user: dee@acme.com, team: Crew, missing: true, until: 2026-12-03, reason: soon }
    - { user: hal@acme.com, org_role: admin, until: 2026-12-04, reason: audit }
    - { project: ios, everyone: consumer, until: 2026-12-05, reason: demo }
  policy:
    - name: odd
      when: { user: external, team: data, project: web, environment: production, role_at_least: analyst, role: [admin, owner] }
      deny: true
      severity: warning
      exceptions: [{ user: cy@agency.com, project: web, until: 2026-12-06, reason: agreed, ticket: IT-4 }]
    - { name: even, when: { via: [team, grant] }, require: [reason], max_days: 9000, max_role: admin, min_approvers: 1, severity: warning }
  lint: { off: [W1001] }
---
version: 1
org: acme
users:
  ana@acme.com: owner
  dee@acme.com: owner
  bo@acme.com: { role: member, name: Bo Lee, previously: [bob@acme.com], until: 2027-01-01, reason: helps, ticket: IT-5, approved_by: ana@acme.com, sponsor: dee@acme.com }
  cy@agency.com: { role: member, from: 2026-01-02, until: 2027-01-02 }
projects:
  web: { id: 1, name: Web, environment: production, everyone: consumer, roles: { Steward: { like: analyst, description: cleans } } }
  ios: { id: 2, environment: production }
project_groups: { apps: [web] }
teams:
  data:
    name: Data
    previously: [Old Data]
    members:
      - { user: bo@acme.com, from: 2026-01-03, until: 2027-01-03, reason: data, ticket: IT-6, approved_by: ana@acme.com, sponsor: dee@acme.com }
      - ana@acme.com
    projects: { web: { role: analyst, from: 2026-01-04, until: 2027-01-04, reason: team, ticket: IT-7, approved_by: ana@acme.com } }
  idp: { name: Crew, scim_managed: true, projects: { ios: analyst } }
grants:
  - { user: bo@acme.com, project: "@apps", role: analyst, from: 2026-01-05, until: 2027-01-05, reason: solo, ticket: IT-8, approved_by: ana@acme.com, sponsor: dee@acme.com }
  - { user: cy@agency.com, project: ios, role: consumer }
"#;

/// Every key of the language, by the mapping that it stands in, with what is written of it in [`EVERYTHING`], what is
/// written instead, and how that is told.
#[rustfmt::skip]
const KEYS: &[(&str, &str, &str, Trace)] = &[
    ("Document.version", "", "", Fixed),
    ("Document.org", "", "", Parts),
    ("Document.users", "  dee@acme.com: owner\n", "  dee@acme.com: owner\n  new@acme.com: member\n", Change),
    ("Document.projects", "  ios: { id: 2,", "  ios: { id: 3,", Rule("projects.ios")),
    ("Document.project_groups", "apps: [web]", "apps: [web, ios]", Change),
    ("Document.teams", "  idp: {", "  new: { name: New }\n  idp: {", Change),
    ("Document.grants", "  - { user: cy@agency.com, project: ios, role: consumer }\n", "", Change),
    ("UserDetails.role", "role: member, name: Bo", "role: admin, name: Bo", Change),
    ("UserDetails.name", "Bo Lee", "Bo Li", Text),
    // Whoever has no such address any more is not changed by it; else access is moved, which is told as changes.
    ("UserDetails.previously", ", previously: [bob@acme.com]", "", Text),
    ("UserDetails.from", "from: 2026-01-02", "from: 2026-01-12", End),
    ("UserDetails.until", "until: 2027-01-01", "until: 2027-02-01", End),
    ("UserDetails.reason", "helps", "helps us", Text),
    ("UserDetails.ticket", "IT-5", "IT-55", Text),
    ("UserDetails.approved_by", "IT-5, approved_by: ana@", "IT-5, approved_by: dee@", Rule("approved_by of bo@acme.com, m")),
    ("UserDetails.sponsor", "sponsor: dee@acme.com }\n  cy@", "sponsor: ana@acme.com }\n  cy@", Rule("sponsor of bo@acme.com, m")),
    ("ProjectDetails.id", "id: 2,", "id: 3,", Rule("projects.ios")),
    ("ProjectDetails.name", "name: Web", "name: Website", Text),
    ("ProjectDetails.environment", "{ id: 2, environment: production }", "{ id: 2, environment: test }", Rule("projects.ios.e")),
    ("ProjectDetails.everyone", "everyone: consumer, roles", "everyone: analyst, roles", Change),
    ("ProjectDetails.roles", "roles: { Steward: { like: analyst, description: cleans } } }", "roles: [Steward] }", Rule("projects.web.roles.Steward")),
    ("CustomRole.like", "like: analyst", "like: admin", Rule("projects.web.roles.Steward")),
    ("CustomRole.description", "cleans", "polishes", Text),
    ("Team.name", "name: Data\n    previously: [Old Data]", "name: Base\n    previously: [Data]", Change),
    ("Team.members", "      - ana@acme.com\n", "", Change),
    ("Team.projects", "projects: { ios: analyst }", "projects: {}", Change),
    // A team that has no such name any more is not changed by it.
    ("Team.previously", "    previously: [Old Data]\n", "", Text),
    ("Team.scim_managed", "scim_managed: true", "scim_managed: false", Rule("teams.idp.scim_managed")),
    ("MemberDetails.user", "{ user: bo@acme.com, from: 2026-01-03", "{ user: cy@agency.com, from: 2026-01-03", Change),
    ("MemberDetails.from", "from: 2026-01-03", "from: 2026-01-13", End),
    ("MemberDetails.until", "until: 2027-01-03", "until: 2027-01-13", End),
    ("MemberDetails.reason", "reason: data", "reason: dates", Text),
    ("MemberDetails.ticket", "IT-6", "IT-66", Text),
    ("MemberDetails.approved_by", "IT-6, approved_by: ana@", "IT-6, approved_by: dee@", Rule("approved_by of bo@acme.com in team Data")),
    ("MemberDetails.sponsor", "sponsor: dee@acme.com }\n      -", "sponsor: ana@acme.com }\n      -", Rule("sponsor of bo@acme.com in team Data")),
    ("TeamRoleDetails.role", "web: { role: analyst", "web: { role: admin", Change),
    ("TeamRoleDetails.from", "from: 2026-01-04", "from: 2026-01-14", End),
    ("TeamRoleDetails.until", "until: 2027-01-04", "until: 2027-01-14", End),
    ("TeamRoleDetails.reason", "reason: team", "reason: teams", Text),
    ("TeamRoleDetails.ticket", "IT-7", "IT-77", Text),
    ("TeamRoleDetails.approved_by", "IT-7, approved_by: ana@", "IT-7, approved_by: dee@", Rule("approved_by of team Data, analyst on web")),
    ("Grant.user", "{ user: cy@agency.com, project: ios", "{ user: ana@acme.com, project: ios", Change),
    ("Grant.project", "project: \"@apps\"", "project: ios", Change),
    ("Grant.role", "project: ios, role: consumer }", "project: ios, role: admin }", Change),
    ("Grant.from", "from: 2026-01-05", "from: 2026-01-15", End),
    ("Grant.until", "until: 2027-01-05", "until: 2027-01-15", End),
    ("Grant.reason", "reason: solo", "reason: alone", Text),
    ("Grant.ticket", "IT-8", "IT-88", Text),
    ("Grant.approved_by", "IT-8, approved_by: ana@", "IT-8, approved_by: dee@", Rule("approved_by of bo@acme.com, analyst on web")),
    ("Grant.sponsor", "sponsor: dee@acme.com }\n  - {", "sponsor: ana@acme.com }\n  - {", Rule("sponsor of bo@acme.com, analyst on web")),
    ("Definition.key", "acme\n", "acme-2\n", Rule("key")),
    // An organization with another id is another organization, and has no base.
    ("Definition.id", "", "", Fixed),
    ("Definition.name", "name: Acme", "name: ACME", Text),
    ("Definition.timezone", "Europe/Berlin", "Europe/London", Rule("timezone")),
    ("Definition.domains", "  domains: [acme.com]", "  domains: [acme.com, acme.org]", Rule("domains")),
    ("Definition.backend", "", "", Parts),
    ("Definition.manage", "", "", Parts),
    ("Definition.blocked", "user: zoe@x.org", "user: zoe@y.org", Rule("blocked")),
    ("Definition.guards", "", "", Parts),
    ("Definition.accept", "", "", Parts),
    ("Definition.policy", "", "", Parts),
    ("Definition.lint", "", "", Parts),
    ("Manage.users", "users: full", "users: listed", Rule("manage.users")),
    ("Manage.teams", "", "", Parts),
    ("Manage.grants", "grants: full", "grants: listed", Rule("manage.grants")),
    ("Manage.everyone", "everyone: full", "everyone: none", Rule("manage.everyone")),
    ("Manage.projects", "projects: listed", "projects: full", Rule("manage.projects")),
    ("Manage.ignore", "", "", Parts),
    ("TeamsManaged.mode", "mode: full", "mode: listed", Rule("manage.teams")),
    ("TeamsManaged.members", "members: full", "members: none", Rule("manage.teams.members")),
    ("IgnorePatterns.users", "*@mixpanel.com", "*@mixpanel.org", Rule("manage.ignore.users")),
    ("IgnorePatterns.teams", "Ops *", "Op *", Rule("manage.ignore.teams")),
    ("IgnorePatterns.projects", "Sandbox *", "Sand *", Rule("manage.ignore.projects")),
    ("BlockedDetails.user", "user: zoe@x.org", "user: zoe@y.org", Rule("blocked")),
    ("BlockedDetails.reason", "reason: left", "reason: gone", Text),
    ("BlockedDetails.ticket", "IT-1", "IT-11", Text),
    ("BlockedDetails.approved_by", "IT-1, approved_by: ana@", "IT-1, approved_by: dee@", Text),
    ("Guards.min_owners", "min_owners: 1", "min_owners: 2", Rule("guards.min_owners")),
    ("Guards.protected", "protected: [ana@acme.com]", "protected: [dee@acme.com]", Rule("guards.protected")),
    ("Guards.max_removals", "max_removals: 25%", "max_removals: 26%", Rule("guards.max_removals")),
    ("Guards.max_invites", "max_invites: 50", "max_invites: 51", Rule("guards.max_invites")),
    ("Guards.invite_stale_days", "stale_days: 14", "stale_days: 15", Rule("guards.invite_stale_days")),
    // Not in force yet: whoever writes it is told so.
    ("Guards.max_reinvites", "", "", Fixed),
    ("Guards.waivers", "", "", Parts),
    ("Waiver.removals", "removals: 30", "removals: 31", Rule("guards.waivers")),
    ("Waiver.invites", "invites: 60", "invites: 61", Rule("guards.waivers")),
    ("Waiver.until", "until: 2026-12-01", "until: 2026-12-11", Rule("guards.waivers")),
    ("Waiver.reason", "moving", "moving on", Rule("guards.waivers")),
    ("Waiver.ticket", "IT-2", "IT-22", Rule("guards.waivers")),
    ("Accepted.user", "eve@acme.com", "eva@acme.com", Rule("accept")),
    ("Accepted.team", "team: Crew, missing", "team: Data, missing", Rule("accept")),
    ("Accepted.project", "user: eve@acme.com, project: web", "user: eve@acme.com, project: ios", Rule("accept")),
    ("Accepted.role", "project: web, role: analyst", "project: web, role: admin", Rule("accept")),
    ("Accepted.everyone", "ios, everyone: consumer", "ios, everyone: analyst", Rule("accept")),
    ("Accepted.org_role", "org_role: admin", "org_role: owner", Rule("accept")),
    ("Accepted.missing", "missing: true, ", "", Rule("accept")),
    ("Accepted.until", "until: 2026-12-02", "until: 2026-12-12", Rule("accept")),
    ("Accepted.reason", "reason: night", "reason: nights", Rule("accept")),
    ("Accepted.ticket", "IT-3", "IT-33", Text),
    ("Rule.name", "name: odd", "name: odder", Rule("policy")),
    ("Rule.when", "", "", Parts),
    ("Rule.deny", "deny: true", "require: [until]", Rule("policy.odd.deny")),
    ("Rule.require", "require: [reason]", "require: [reason, ticket]", Rule("policy.even.require")),
    ("Rule.max_days", "max_days: 9000", "max_days: 9001", Rule("policy.even.max_days")),
    ("Rule.max_role", "max_role: admin", "max_role: analyst", Rule("policy.even.max_role")),
    ("Rule.min_approvers", "min_approvers: 1", "min_approvers: 2", Rule("policy.even.min_approvers")),
    ("Rule.severity", "deny: true\n      severity: warning", "deny: true\n      severity: error", Rule("policy.odd.severity")),
    ("Rule.exceptions", "", "", Parts),
    ("Condition.user", "user: external,", "user: internal,", Rule("policy.odd.when")),
    ("Condition.team", "team: data, project", "team: idp, project", Rule("policy.odd.when")),
    ("Condition.project", "team: data, project: web", "team: data, project: ios", Rule("policy.odd.when")),
    ("Condition.environment", "project: web, environment: production, ", "environment: production, ", Rule("policy.odd.when")),
    ("Condition.role_at_least", "role_at_least: analyst", "role_at_least: admin", Rule("policy.odd.when")),
    ("Condition.role", "role: [admin, owner]", "role: [owner]", Rule("policy.odd.when")),
    ("Condition.via", "via: [team, grant]", "via: [team]", Rule("policy.even.when")),
    ("Exception.user", "user: cy@agency.com, project: web, until", "user: bo@acme.com, project: web, until", Rule("policy.odd.exceptions")),
    ("Exception.project", "project: web, until: 2026-12-06", "project: ios, until: 2026-12-06", Rule("policy.odd.exceptions")),
    ("Exception.until", "until: 2026-12-06", "until: 2026-12-16", Rule("policy.odd.exceptions")),
    ("Exception.reason", "reason: agreed", "reason: agreed on", Rule("policy.odd.exceptions")),
    ("Exception.ticket", "IT-4", "IT-44", Rule("policy.odd.exceptions")),
    ("Lint.off", "off: [W1001]", "off: [W1002]", Rule("lint.off")),
    ("MixpanelBackend.type", "", "", Fixed),
    ("MixpanelBackend.region", "region: eu", "region: us", Rule("backend.region")),
    ("MixpanelBackend.base_url", "https://proxy.acme.com", "https://proxy.acme.org", Rule("backend")),
    ("MixpanelBackend.unverified", "unverified: [invite_user]", "unverified: all", Rule("backend.unverified")),
    ("MixpanelBackend.limits", "", "", Parts),
    ("MixpanelBackend.catalogue", "", "", Parts),
    ("MixpanelBackend.scim", "", "", Parts),
    ("MixpanelBackend.org_roles", "", "", Parts),
    ("Limits.reads", "reads: 4", "reads: 5", Rule("backend.limits")),
    ("Limits.writes", "writes: 2", "writes: 3", Rule("backend.limits")),
    ("Limits.requests_per_minute", "minute: 60", "minute: 61", Rule("backend.limits")),
    ("Limits.invitations_per_hour", "hour: 5", "hour: 6", Rule("backend.limits")),
    ("RequestForm.path", "delete-users/", "remove-users/", Rule("backend.catalogue or backend.org_roles")),
    ("RequestForm.body", "\"userIds\"", "\"users\"", Rule("backend.catalogue or backend.org_roles")),
    ("Scim.claimed_domains", "claimed_domains: [acme.com]", "claimed_domains: [acme.org]", Rule("backend.scim")),
    ("OrgRoleTexts.owner", "owner: boss", "owner: bosses", Rule("backend.catalogue or backend.org_roles")),
    ("OrgRoleTexts.admin", "admin: chief", "admin: chiefs", Rule("backend.catalogue or backend.org_roles")),
    ("OrgRoleTexts.billing_admin", "billing_admin: billing", "billing_admin: bills", Rule("backend.catalogue or backend.org_roles")),
    ("OrgRoleTexts.member", "member: regular", "member: regulars", Rule("backend.catalogue or backend.org_roles")),
    ("LocalBackend.type", "", "", Fixed),
    ("LocalBackend.state", "state: acme.db", "state: other.db", Rule("backend.state")),
    ("LocalBackend.seed", "seed: live.json", "seed: other.json", Rule("backend.seed")),
];

/// [`EVERYTHING`] with a store for a live side.
fn everything_local() -> String {
    let (head, rest) = EVERYTHING.split_once("  backend:\n").unwrap();
    let (_, rest) = rest.split_once("  manage:\n").unwrap();
    format!("{head}  backend: {{ type: local, state: acme.db, seed: live.json }}\n  manage:\n{rest}")
}

#[test]
fn every_key_of_the_language_is_told_or_known_to_be_text() {
    let schema = accessctl::spec::schema();
    let keys_of = |name: &str, record: &serde_json::Value| -> Vec<String> {
        let keys = record["properties"].as_object().into_iter().flat_map(|keys| keys.keys());
        keys.map(|key| format!("{name}.{key}")).collect()
    };
    let mut keys: BTreeSet<String> = keys_of("Document", &schema).into_iter().collect();
    for (name, record) in schema["$defs"].as_object().unwrap() {
        keys.extend(keys_of(name, record));
    }
    let known: BTreeSet<String> = KEYS.iter().map(|(key, ..)| (*key).to_owned()).collect();
    assert_eq!(known, keys, "say of every key how another value of it is told");
    let mut wrong = BTreeMap::new();
    for (key, from, to, trace) in KEYS {
        if matches!(trace, Parts | Fixed) {
            continue;
        }
        let base = if key.starts_with("LocalBackend.") { everything_local() } else { EVERYTHING.to_owned() };
        assert!(base.contains(from), "{key}: {from:?} is not written");
        // The key of the organization stands in every document, and everything else once.
        let head = if *key == "Definition.key" { base.replace(from, to) } else { base.replacen(from, to, 1) };
        let Proposal { plan, ends, amendments, .. } = proposal(&base, &head);
        let rules: Vec<&str> = amendments.iter().map(|one| one.key.as_str()).collect();
        let fits = match trace {
            Change => !plan.changes.is_empty(),
            End => plan.changes.is_empty() && !ends.is_empty() && rules.is_empty(),
            Rule(start) => rules.iter().any(|rule| rule.starts_with(start)),
            Text | Parts | Fixed => plan.changes.is_empty() && ends.is_empty() && rules.is_empty(),
        };
        if !fits {
            let changes: Vec<_> = plan.changes.iter().map(|planned| planned.change.kind().as_str()).collect();
            wrong.insert(*key, format!("{trace:?}, and there are {changes:?} {} {rules:?}", ends.len()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
