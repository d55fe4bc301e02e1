//! Plans made by hand: a live side, and changes that are performed on it to get the target.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use accessctl::change::Change;
use accessctl::desired::{About, Amendment, Bearing, Entry, Fate, Guards, MovedEnd, Note, StrongRole, Time};
use accessctl::model::{
    BuiltInRole, Email, OrgId, OrgKey, OrgRole, Organization, Project, ProjectId, ProjectKey, ProjectRole, RoleName,
    State, Status, Team, TeamName, User,
};
use accessctl::plan::{
    Accepted, ChangeId, ChangeStatus, Channel, Cost, GuardCode, GuardEffect, GuardFinding, Kept, KeptWhat, KeptWhy,
    Origin, Plan, PlannedChange, Proposal, Section, Why,
};
use accessctl::source::{FileId, SourceFile, Sources, Span};

pub(crate) fn email(text: &str) -> Email {
    Email::new(text).unwrap()
}

pub(crate) fn team(text: &str) -> TeamName {
    TeamName::new(text).unwrap()
}

pub(crate) fn project(number: u64) -> ProjectId {
    ProjectId::new(number).unwrap()
}

pub(crate) fn role(text: &str) -> ProjectRole {
    ProjectRole::from_name(text).unwrap()
}

pub(crate) fn moment() -> jiff::Timestamp {
    "2026-11-02T08:00:00Z".parse().unwrap()
}

/// Builds a plan change by change.
pub(crate) struct World {
    pub(crate) plan: Plan,
}

impl World {
    pub(crate) fn new(key: &str, name: &str) -> Self {
        let organization = Organization { id: OrgId::new(7_654_321).unwrap(), name: name.to_owned() };
        let state = State::empty(organization);
        let plan = Plan {
            org: OrgKey::new(key).unwrap(),
            backend: "local",
            as_of: moment(),
            live: state.clone(),
            target: state,
            team_renames: BTreeMap::new(),
            replaced_users: BTreeMap::new(),
            earlier_addresses: BTreeMap::new(),
            superseded: BTreeSet::new(),
            blocked: BTreeSet::new(),
            circles: Vec::new(),
            changes: Vec::new(),
            kept: Vec::new(),
            overrides: Vec::new(),
            expiring: Vec::new(),
            policy: Default::default(),
            guards: Vec::new(),
            cost: Cost::default(),
            reads: None,
            project_keys: BTreeMap::new(),
            ranks: BTreeMap::new(),
            requests: accessctl::plan::Requests::default(),
            rails: Guards::default(),
            acting: None,
            earlier: None,
            accepted: Accepted::default(),
            held_when_saved: BTreeSet::new(),
            withheld: BTreeSet::new(),
            address: None,
            undoing: None,
            proposal: None,
        };
        Self { plan }
    }

    pub(crate) fn project(mut self, id: u64, key: Option<&str>, everyone: Option<&str>) -> Self {
        let name = key.unwrap_or("Old").to_owned();
        let made =
            Project { name, everyone: everyone.map(role), roles: [RoleName::new("Data Steward").unwrap()].into() };
        self.plan.live.projects.insert(project(id), made);
        if let Some(key) = key {
            self.plan.project_keys.insert(project(id), ProjectKey::new(key).unwrap());
        }
        self.plan
            .ranks
            .entry(project(id))
            .or_default()
            .insert(RoleName::new("Data Steward").unwrap(), BuiltInRole::Analyst.into());
        self
    }

    pub(crate) fn user(mut self, text: &str, role: OrgRole) -> Self {
        self.plan.live.users.insert(email(text), User { role, status: Status::Active, last_active: None });
        self
    }

    pub(crate) fn team(mut self, name: &str, members: &[&str], roles: &[(u64, &str)]) -> Self {
        let made = Team {
            members: members.iter().map(|text| email(text)).collect(),
            roles: roles.iter().map(|(id, text)| (project(*id), role(text))).collect(),
        };
        self.plan.live.teams.insert(team(name), made);
        self
    }

    pub(crate) fn grant(mut self, user: &str, id: u64, text: &str) -> Self {
        self.plan.live.grants.insert((email(user), project(id)), role(text));
        self
    }

    /// Ends the live side; changes come after it.
    pub(crate) fn live(mut self) -> Self {
        assert_eq!(self.plan.live.problems(), Vec::<String>::new());
        self.plan.target = self.plan.live.clone();
        self
    }

    pub(crate) fn change(self, change: Change, at: Option<u32>) -> Self {
        self.changed(change, at, Why::Declared, false, None)
    }

    pub(crate) fn unlisted(self, change: Change) -> Self {
        self.changed(change, None, Why::Unlisted, false, None)
    }

    pub(crate) fn escalation(self, change: Change, at: Option<u32>, reason: Option<&str>) -> Self {
        let note = reason.map(|reason| {
            Arc::new(Note {
                reason: Some(reason.to_owned()),
                ticket: Some("OPS-12".to_owned()),
                approved_by: vec![email("ana@acme.com")],
                ..Note::default()
            })
        });
        self.changed(change, at, Why::Declared, true, note)
    }

    pub(crate) fn changed(
        mut self,
        change: Change,
        line: Option<u32>,
        why: Why,
        escalation: bool,
        note: Option<Arc<Note>>,
    ) -> Self {
        self.plan.target.perform(&change, moment()).unwrap_or_else(|misfit| panic!("{misfit}: {change:?}"));
        if let Change::RenameTeam { from, to } = &change {
            self.plan.team_renames.insert(from.clone(), to.clone());
        }
        if let Change::InviteUser { .. } = change {
            self.plan.cost.invitations += 1;
        }
        self.plan.cost.requests += 1;
        self.plan.changes.push(PlannedChange {
            id: ChangeId(self.plan.changes.len() as u32 + 1),
            change,
            origin: Origin::Proposed,
            why,
            source: line.map(|line| Span { file: FileId(0), start: (line - 1) * 2, end: (line - 1) * 2 + 1 }),
            note,
            channel: Channel::Api,
            depends_on: Vec::new(),
            escalation,
            status: ChangeStatus::Planned,
        });
        self
    }

    pub(crate) fn kept(mut self, why: KeptWhy, what: KeptWhat) -> Self {
        if let (KeptWhy::AwaitsRename(new), KeptWhat::User(old)) = (&why, &what) {
            self.plan.earlier_addresses.insert(old.clone(), new.clone());
        }
        self.plan.kept.push(Kept { why, what });
        self
    }

    pub(crate) fn guard(mut self, effect: GuardEffect, message: &str) -> Self {
        self.plan.guards.push(GuardFinding::new(GuardCode::MinOwners, effect, message.to_owned()));
        if effect == GuardEffect::Block {
            for planned in &mut self.plan.changes {
                planned.status = ChangeStatus::Blocked;
            }
        }
        self
    }
}

/// Tells the origins of the changes of `plan` as `origin` has them: the base leads to everything that is not proposed.
pub(crate) fn propose(plan: &mut Plan, origin: impl Fn(&Change) -> Origin) {
    let (mut agreed, mut renamed) = (plan.live.clone(), None);
    for planned in &mut plan.changes {
        planned.origin = origin(&planned.change);
        if let (Change::RenameTeam { from, to }, Origin::Proposed) = (&planned.change, planned.origin) {
            renamed = Some((from.clone(), to.clone()));
        } else if planned.origin == Origin::Proposed {
            continue;
        }
        agreed.perform(&planned.change, moment()).unwrap_or_else(|misfit| panic!("{misfit}: {:?}", planned.change));
    }
    let rest = agreed.clone();
    if let Some((from, to)) = renamed {
        let found = agreed.teams.remove(&to).unwrap();
        agreed.teams.insert(from, found);
    }
    let mut of_base = Plan { live: agreed, ..plan.clone() };
    of_base.changes.retain(|planned| planned.origin == Origin::Proposed);
    for (id, planned) in (1..).zip(&mut of_base.changes) {
        planned.id = ChangeId(id);
    }
    let (already, ends, amendments) = (BTreeSet::new(), Vec::new(), Vec::new());
    plan.proposal = Some(Box::new(Proposal {
        plan: of_base,
        already,
        counterparts: BTreeMap::new(),
        overtaken: BTreeSet::new(),
        rest,
        alone: Vec::new(),
        apart: BTreeSet::new(),
        waiting: BTreeMap::new(),
        earlier_lacks: BTreeMap::new(),
        ends,
        amendments,
        knows_applied: true,
        no_base: None,
    }));
}

/// The same with `words` wherever a proposal has words of its own.
pub(crate) fn propose_in_words(plan: &mut Plan, words: &[String]) {
    propose(plan, |_| Origin::Proposed);
    let proposal = plan.proposal.as_mut().unwrap();
    let place = Span { file: FileId(0), start: 0, end: 1 };
    for words in words {
        let (before, after) = (Some(words.clone()), Some(words.clone()));
        proposal.no_base = Some(words.clone());
        proposal.amendments.push(Amendment {
            bearing: Bearing::Loosens,
            key: words.clone(),
            before,
            after,
            about: About::Rule,
            place,
        });
        let before = Time { from: Some("2027-01-01".to_owned()), until: None };
        let end = MovedEnd {
            bearing: Bearing::Loosens,
            end: Some(Bearing::Loosens),
            beginning: None,
            entry: Entry::Member(team(words), email("bo@acme.com")),
            strongest: Some(BuiltInRole::Admin),
            strong: vec![StrongRole {
                rank: BuiltInRole::Admin,
                role: role(words),
                projects: ProjectKey::new(words).into_iter().collect(),
            }],
            fate: Fate::Withdrawn,
            role_before: Some(words.clone()),
            before,
            after: Time::default(),
            place,
            note: Some(Arc::new(Note { reason: Some(words.clone()), ..Note::default() })),
        };
        for fate in [Fate::Moved, Fate::New, Fate::OtherRole] {
            proposal.ends.push(MovedEnd { fate, ..end.clone() });
        }
        proposal.ends.push(end);
    }
    proposal.already = proposal.plan.changes.iter().map(|planned| planned.id).collect();
}

/// One file of short lines, so that the byte `2 * (n - 1)` is on line `n`.
pub(crate) fn sources(path: &str) -> Sources {
    Sources::new(vec![SourceFile::new(path, "x\n".repeat(4_000))])
}

/// A week's work of a small organization.
pub(crate) fn week() -> World {
    let member = || OrgRole::Member;
    World::new("acme", "Acme Inc")
        .project(1_234_567, Some("web"), None)
        .project(1_234_568, Some("ios"), None)
        .project(1_234_569, Some("android"), None)
        .project(99, None, None)
        .user("ana@acme.com", OrgRole::Owner)
        .user("bo@acme.com", member())
        .user("dee@acme.com", member())
        .user("eve@acme.com", member())
        .user("li.wei@acme.com", member())
        .user("max.mustermann-von-hohenstein@agency.example.com", member())
        .user("pat@acme.com", member())
        .user("robot@mixpanel.com", member())
        .team("Product Analysts", &["bo@acme.com", "eve@acme.com"], &[(1_234_567, "analyst"), (1_234_569, "consumer")])
        .team("Growth", &["dee@acme.com", "li.wei@acme.com"], &[(1_234_568, "consumer")])
        .team("Legacy", &["eve@acme.com"], &[(99, "admin")])
        .grant("bo@acme.com", 1_234_567, "admin")
        .grant("bo@acme.com", 1_234_568, "analyst")
        .grant("dee@acme.com", 1_234_567, "consumer")
        .grant("eve@acme.com", 1_234_568, "Data Steward")
        .grant("eve@acme.com", 1_234_567, "admin")
        .grant("robot@mixpanel.com", 99, "admin")
        .live()
        .changed(
            Change::RenameTeam { from: team("Growth"), to: team("Growth & Lifecycle") },
            Some(30),
            Why::Renamed,
            false,
            None,
        )
        .change(Change::InviteUser { user: email("cy@agency.com"), role: member() }, Some(12))
        .changed(Change::InviteUser { user: email("li@acme.com"), role: member() }, Some(14), Why::Renamed, false, None)
        .escalation(
            Change::SetOrgRole { user: email("pat@acme.com"), from: member(), to: OrgRole::Admin },
            Some(9),
            Some("looks after the workspace while Ana is on parental leave, until the new head of data has arrived"),
        )
        .change(Change::SetEveryone { project: project(1_234_569), from: None, to: role("consumer") }, Some(20))
        .change(
            Change::SetTeamRole {
                team: team("Growth & Lifecycle"),
                project: project(1_234_568),
                from: Some(role("consumer")),
                to: role("analyst"),
            },
            Some(34),
        )
        .change(Change::AddTeamMember { team: team("Product Analysts"), user: email("dee@acme.com") }, Some(26))
        .change(Change::AddTeamMember { team: team("Growth & Lifecycle"), user: email("li@acme.com") }, Some(32))
        .escalation(
            Change::SetGrant {
                user: email("bo@acme.com"),
                project: project(1_234_568),
                from: Some(role("analyst")),
                to: role("admin"),
            },
            Some(41),
            Some("launch"),
        )
        .change(
            Change::SetGrant {
                user: email("cy@agency.com"),
                project: project(1_234_567),
                from: None,
                to: role("consumer"),
            },
            Some(42),
        )
        .unlisted(Change::RemoveGrant { user: email("bo@acme.com"), project: project(1_234_567), from: role("admin") })
        .unlisted(Change::RemoveGrant {
            user: email("dee@acme.com"),
            project: project(1_234_567),
            from: role("consumer"),
        })
        .unlisted(Change::DeleteTeam { team: team("Legacy") })
        .unlisted(Change::RemoveUser { user: email("eve@acme.com") })
        .unlisted(Change::RemoveUser { user: email("max.mustermann-von-hohenstein@agency.example.com") })
        .kept(KeptWhy::AwaitsRename(email("li@acme.com")), KeptWhat::User(email("li.wei@acme.com")))
        .kept(KeptWhy::Ignored("*@mixpanel.com".to_owned()), KeptWhat::User(email("robot@mixpanel.com")))
        .kept(KeptWhy::UndeclaredProject, KeptWhat::Grant(email("robot@mixpanel.com"), project(99), role("admin")))
        .guard(GuardEffect::Warn, "only 1 active owner would remain, `ana@acme.com`; name a second one")
}

/// Names that try to act on whoever reads them.
pub(crate) fn hostile() -> World {
    let long = "Quarterly Business Review and Planning ".repeat(5);
    let evil = "| @everyone <img src=x onerror=alert(1)>";
    let escape = "\u{1b}[2J\u{1b}]0;owned\u{7}Red\u{202e}maerT\nkept: nothing";
    let wide = "分析チーム東京・大阪・名古屋";
    World::new("--help", "Acme\u{1b}[31m\u{2066}")
        .project(1, Some("web, keeps owner"), None)
        .project(2, Some("ios\u{200b}"), None)
        .user("ana@acme.com", OrgRole::Owner)
        .user("--help@acme.com", OrgRole::Member)
        .user("=cmd|@acme.com".replace('|', "{x}").as_str(), OrgRole::Member)
        .team(evil, &["--help@acme.com"], &[(1, "analyst")])
        .team(&long, &[], &[])
        .team(wide, &["--help@acme.com"], &[(2, "consumer")])
        .live()
        .change(Change::CreateTeam { team: team(escape) }, Some(3))
        .change(Change::AddTeamMember { team: team(&long), user: email("--help@acme.com") }, Some(4))
        .change(
            Change::SetTeamRole { team: team(&long), project: project(1), from: None, to: role("consumer") },
            Some(5),
        )
        .changed(
            Change::AddTeamMember { team: team(escape), user: email("ana@acme.com") },
            Some(6),
            Why::Declared,
            false,
            Some(Arc::new(Note { reason: Some("\u{1b}[32mapproved\r\u{85}".repeat(30)), ..Note::default() })),
        )
        .change(
            Change::SetGrant {
                user: email("--help@acme.com"),
                project: project(2),
                from: None,
                to: role("Data Steward"),
            },
            Some(7),
        )
        .change(
            Change::AddTeamMember { team: team(wide), user: email("={x}@acme.com".replace('=', "=cmd").as_str()) },
            None,
        )
        .unlisted(Change::DeleteTeam { team: team(evil) })
        .kept(KeptWhy::Ignored("*\u{1b}c*".to_owned()), KeptWhat::Team(team("\u{feff}\u{2028}T")))
        .guard(GuardEffect::Block, "no active owner\u{1b}[0m would remain\u{9b}31m; keep `ana@acme.com`")
}

/// Three thousand changes.
pub(crate) fn crowd() -> World {
    let mut world = World::new("globex", "Globex").user("ana@globex.com", OrgRole::Owner);
    for id in 1..=12 {
        world = world.project(id, Some(&format!("project-{id:02}")), None);
    }
    let old: Vec<String> = (0..400).map(|n| format!("old{n:04}@globex.com")).collect();
    for user in &old {
        world = world.user(user, OrgRole::Member).grant(user, 3, "analyst");
    }
    for number in 0..30 {
        world = world.team(&format!("Team {number:02}"), &[], &[(number % 12 + 1, "consumer")]);
    }
    world = world.live();
    for number in 0..1200 {
        let user = email(&format!("new{number:04}@globex.com"));
        world = world.change(Change::InviteUser { user, role: OrgRole::Member }, Some(number + 1));
    }
    for number in 0..1200 {
        let user = email(&format!("new{number:04}@globex.com"));
        let name = team(&format!("Team {:02}", number % 30));
        world = world.change(Change::AddTeamMember { team: name, user }, Some(number + 1_300));
    }
    for number in 0..200 {
        let user = email(&format!("new{number:04}@globex.com"));
        let change = Change::SetGrant { user, project: project(5), from: None, to: role("analyst") };
        world = world.change(change, Some(number + 2_600));
    }
    let user = email("old0007@globex.com");
    let change = Change::SetGrant { user, project: project(9), from: None, to: role("admin") };
    world = world.escalation(change, Some(3_000), Some("on call"));
    for user in &old[..200] {
        if user != "old0007@globex.com" {
            world =
                world.unlisted(Change::RemoveGrant { user: email(user), project: project(3), from: role("analyst") });
        }
    }
    for user in &old[200..] {
        world = world.unlisted(Change::RemoveUser { user: email(user) });
    }
    world
}

/// Many teams, of which the last makes most people owners, and a few rows and teams more than are shown at once.
pub(crate) fn rise() -> World {
    let mut world = World::new("globex", "Globex")
        .project(1, Some("web"), None)
        .project(2, Some("ios"), None)
        .user("ana@globex.com", OrgRole::Owner)
        .user("zoe@globex.com", OrgRole::Owner)
        .user("yan@globex.com", OrgRole::BillingAdmin);
    let users: Vec<String> = (0..40).map(|n| format!("user{n:02}@globex.com")).collect();
    for user in &users {
        world = world.user(user, OrgRole::Member).grant(user, 1, "consumer");
    }
    let members: Vec<&str> = users.iter().map(String::as_str).collect();
    for number in 0..12 {
        world = world.team(&format!("Team {number:02}"), &members[number..=number], &[(1, "analyst")]);
    }
    world = world.team("Zeta", &members, &[]).team("Empty", &[], &[]).live();
    let set = |name: &str, id, from: Option<&str>, to| Change::SetTeamRole {
        team: team(name),
        project: project(id),
        from: from.map(role),
        to: role(to),
    };
    for number in 0..12 {
        let to = if number < 6 { "consumer" } else { "admin" };
        let name = format!("Team {number:02}");
        world = world.change(set(&name, 1, Some("analyst"), to), Some(number + 1));
        for user in users.iter().skip(20).take(13) {
            let (name, user) = (team(&name), email(user));
            world = world.change(Change::AddTeamMember { team: name, user }, Some(number + 20));
        }
    }
    world
        .change(set("Empty", 1, None, "owner"), Some(50))
        .change(set("Zeta", 2, None, "owner"), Some(51))
        .unlisted(Change::RemoveUser { user: email("yan@globex.com") })
        .unlisted(Change::RemoveUser { user: email("zoe@globex.com") })
}

/// Nothing to do.
pub(crate) fn quiet(key: &str) -> World {
    World::new(key, key)
        .project(1, Some("web"), None)
        .user("ana@acme.com", OrgRole::Owner)
        .team("Analysts", &["ana@acme.com"], &[(1, "analyst")])
        .live()
}

/// Nothing to do, and each kind of thing that is kept, for each reason.
pub(crate) fn everything_kept() -> World {
    let (ana, name, web) = (email("ana@acme.com"), team("Analysts"), project(1));
    let mut world = quiet("acme");
    for section in [Section::Users, Section::Teams, Section::Grants, Section::Everyone] {
        world = world.kept(KeptWhy::NotManaged(section), KeptWhat::Section(section, 12));
    }
    for what in [
        KeptWhat::User(ana.clone()),
        KeptWhat::Team(name.clone()),
        KeptWhat::Member(name.clone(), ana.clone()),
        KeptWhat::TeamRole(name.clone(), web, role("analyst")),
        KeptWhat::Grant(ana.clone(), web, role("admin")),
        KeptWhat::Everyone(web, role("consumer")),
    ] {
        world = world.kept(KeptWhy::NotListed(Section::Users), what.clone()).kept(KeptWhy::UndeclaredProject, what);
    }
    world
        .kept(KeptWhy::NotStated, KeptWhat::Members(name.clone(), 3))
        .kept(KeptWhy::NotStated, KeptWhat::TeamRoles(name, 1))
        .kept(KeptWhy::Ignored("ana@*".to_owned()), KeptWhat::User(ana.clone()))
        .kept(KeptWhy::AwaitsRename(email("ana.ruiz@acme.com")), KeptWhat::User(ana.clone()))
        .kept(KeptWhy::AwaitsMove(email("ana.ruiz@acme.com")), KeptWhat::User(ana))
}
