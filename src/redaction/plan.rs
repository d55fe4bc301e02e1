//! A plan that tells everything but who: every field is rewritten, so that nothing which shows it has to think of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Pseudonyms;
use crate::access::Ranks;
use crate::change::Change;
use crate::desired::{
    Amendment, Entry, Expiring, Guards, MovedEnd, Note, Observed, Override, StrongRole, Unmanaged, Waiver,
};
use crate::model::{
    Acting, Email, OrgKey, OrgRole, Organization, Project, ProjectKey, ProjectRole, RoleName, State, Team, TeamName,
    Unread, User,
};
use crate::plan::{
    Circle, Excess, GuardFinding, Kept, KeptWhat, KeptWhy, Lapse, LeftAlone, Meanwhile, Meta, Plan, PlannedChange,
    Proposal, Undoing,
};
use crate::policy::{Broken, Excepted, Verdict};

impl Pseudonyms {
    /// The plan with pseudonyms instead of people. It can be shown and not be applied.
    pub fn plan(&self, plan: Plan) -> Plan {
        self.know(plan.live.users.keys().chain(plan.target.users.keys()).map(|user| (user, None)));
        let Plan {
            org,
            backend,
            as_of,
            live,
            target,
            team_renames,
            replaced_users,
            earlier_addresses,
            superseded,
            blocked,
            changes,
            circles,
            kept,
            withheld,
            overrides,
            expiring,
            policy,
            guards,
            cost,
            reads,
            project_keys,
            ranks,
            requests,
            rails,
            acting,
            earlier,
            accepted,
            held_when_saved,
            address,
            undoing,
            proposal,
        } = plan;
        let pairs = |pairs: BTreeMap<Email, Email>| -> BTreeMap<Email, Email> {
            pairs.iter().map(|(old, new)| (self.user(old), self.user(new))).collect()
        };
        Plan {
            org: self.org(&org),
            backend,
            as_of,
            live: self.state(&live),
            target: self.state(&target),
            team_renames: team_renames.iter().map(|(old, new)| (self.team(old), self.team(new))).collect(),
            replaced_users: pairs(replaced_users),
            earlier_addresses: pairs(earlier_addresses),
            superseded: superseded.iter().map(|user| self.user(user)).collect(),
            blocked: blocked.iter().map(|user| self.user(user)).collect(),
            changes: changes.into_iter().map(|planned| self.planned(planned)).collect(),
            circles: circles.into_iter().map(|circle| self.circle(circle)).collect(),
            kept: kept.iter().map(|kept| self.kept(kept)).collect(),
            withheld: withheld.iter().map(|(team, project)| (self.team(team), *project)).collect(),
            overrides: overrides.into_iter().map(|one| self.overridden(one)).collect(),
            expiring: expiring.into_iter().map(|one| self.expiring(one)).collect(),
            policy: self.verdict(policy),
            guards: guards.into_iter().map(|finding| self.guard(finding)).collect(),
            cost,
            reads,
            project_keys: project_keys.into_iter().map(|(id, key)| (id, self.key(&key))).collect(),
            ranks: self.ranks(ranks),
            requests,
            rails: self.rails(rails),
            acting: acting.map(|Acting { account, role }| Acting {
                account: account.map(|account| self.string(&account)),
                role: role.map(|role| self.org_role(&role)),
            }),
            earlier,
            accepted,
            held_when_saved,
            address: address.map(|address| self.string(&address)),
            undoing: undoing.map(|undoing| self.undoing(undoing)),
            proposal: proposal.map(|proposal| Box::new(self.proposal(*proposal))),
        }
    }

    fn proposal(&self, proposal: Proposal) -> Proposal {
        let Proposal {
            plan,
            already,
            counterparts,
            overtaken,
            earlier_lacks,
            rest,
            alone,
            apart,
            waiting,
            ends,
            amendments,
            knows_applied,
            no_base,
        } = proposal;
        let moved_end = |moved: MovedEnd| {
            let MovedEnd {
                bearing,
                end,
                beginning,
                entry,
                strongest,
                strong,
                fate,
                role_before,
                before,
                after,
                place,
                note,
            } = moved;
            let strong = strong.into_iter().map(|StrongRole { rank, role, projects }| StrongRole {
                rank,
                role: self.role(&role),
                projects: projects.iter().map(|key| self.key(key)).collect(),
            });
            MovedEnd {
                bearing,
                end,
                beginning,
                entry: self.entry(&entry),
                strongest,
                strong: strong.collect(),
                fate,
                role_before: role_before.map(|role| self.thing(&role)),
                before,
                after,
                place,
                note: note.map(|note| self.note(&note)),
            }
        };
        let amendment = |Amendment { bearing, key, before, after, about, place }: Amendment| Amendment {
            bearing,
            key: self.string(&key),
            before: before.map(|text| self.string(&text)),
            after: after.map(|text| self.string(&text)),
            about,
            place,
        };
        Proposal {
            plan: self.plan(plan),
            already,
            counterparts,
            overtaken,
            earlier_lacks: earlier_lacks.iter().map(|(id, user)| (*id, self.user(user))).collect(),
            rest: self.state(&rest),
            alone: alone.into_iter().map(|(origin, state)| (origin, self.state(&state))).collect(),
            waiting: waiting.iter().map(|(user, more)| (self.user(user), self.excess(more))).collect(),
            apart: apart.iter().map(|user| self.user(user)).collect(),
            ends: ends.into_iter().map(moved_end).collect(),
            amendments: amendments.into_iter().map(amendment).collect(),
            knows_applied,
            no_base: no_base.map(|why| self.string(&why)),
        }
    }

    fn excess(&self, Excess { org_role, roles }: &Excess) -> Excess {
        Excess {
            org_role: org_role.as_ref().map(|role| self.org_role(role)),
            roles: roles.iter().map(|(project, role)| (*project, self.role(role))).collect(),
        }
    }

    /// What is said about a plan, without addresses and names.
    pub fn meta(&self, meta: &Meta) -> Meta {
        meta.with(|text| self.string(text))
    }

    /// An organization that stops being managed.
    pub fn unmanaged(&self, one: &Unmanaged) -> Unmanaged {
        let Unmanaged { key, id } = one;
        Unmanaged { key: self.org(key), id: *id }
    }

    /// The key of an organization, unless somebody is named in it.
    pub fn org(&self, key: &OrgKey) -> OrgKey {
        OrgKey::new(&self.thing(key)).unwrap_or_else(|| key.clone())
    }

    fn string(&self, text: &str) -> String {
        self.text(text).into_owned()
    }

    fn strings(&self, texts: Vec<String>) -> Vec<String> {
        texts.iter().map(|text| self.string(text)).collect()
    }

    fn user(&self, user: &Email) -> Email {
        self.of(user)
    }

    fn team(&self, team: &TeamName) -> TeamName {
        TeamName::new(&self.thing(team)).unwrap_or_else(|| team.clone())
    }

    fn key(&self, key: &ProjectKey) -> ProjectKey {
        ProjectKey::new(&self.thing(key)).unwrap_or_else(|| key.clone())
    }

    fn role_name(&self, role: &RoleName) -> RoleName {
        RoleName::new(&self.thing(role)).unwrap_or_else(|| role.clone())
    }

    fn role(&self, role: &ProjectRole) -> ProjectRole {
        match role {
            ProjectRole::BuiltIn(role) => ProjectRole::BuiltIn(*role),
            ProjectRole::Custom(name) => ProjectRole::Custom(self.role_name(name)),
        }
    }

    fn org_role(&self, role: &OrgRole) -> OrgRole {
        match role {
            OrgRole::Owner | OrgRole::Admin | OrgRole::BillingAdmin | OrgRole::Member => role.clone(),
            OrgRole::Other(_) => OrgRole::read(&self.thing(role.as_str())).unwrap_or_else(|| role.clone()),
        }
    }

    fn ranks(&self, ranks: Ranks) -> Ranks {
        let of_project = |roles: BTreeMap<RoleName, _>| {
            roles.into_iter().map(|(role, like)| (self.role_name(&role), like)).collect()
        };
        ranks.into_iter().map(|(project, roles)| (project, of_project(roles))).collect()
    }

    fn state(&self, state: &State) -> State {
        let State { organization, projects, users, teams, grants, unread } = state;
        let Organization { id, name } = organization;
        let project = |Project { name, everyone, roles }: &Project| Project {
            name: self.thing(name),
            everyone: everyone.as_ref().map(|role| self.role(role)),
            roles: roles.iter().map(|role| self.role_name(role)).collect(),
        };
        let user = |User { role, status, last_active }: &User| User {
            role: self.org_role(role),
            status: *status,
            last_active: *last_active,
        };
        let team = |Team { members, roles }: &Team| Team {
            members: members.iter().map(|user| self.user(user)).collect(),
            roles: roles.iter().map(|(project, role)| (*project, self.role(role))).collect(),
        };
        State {
            organization: Organization { id: *id, name: self.string(name) },
            projects: projects.iter().map(|(id, found)| (*id, project(found))).collect(),
            users: users.iter().map(|(email, found)| (self.user(email), user(found))).collect(),
            teams: teams.iter().map(|(name, found)| (self.team(name), team(found))).collect(),
            grants: grants
                .iter()
                .map(|((email, project), role)| ((self.user(email), *project), self.role(role)))
                .collect(),
            unread: self.unread(unread),
        }
    }

    fn unread(&self, unread: &Unread) -> Unread {
        let Unread { invitations, teams, projects, people, members, service_accounts, ids } = unread;
        let of_team = |users: &BTreeSet<Email>| users.iter().map(|user| self.user(user)).collect();
        Unread {
            invitations: *invitations,
            teams: *teams,
            projects: projects.clone(),
            people: people.iter().map(|user| self.user(user)).collect(),
            members: members.iter().map(|(team, users)| (self.team(team), of_team(users))).collect(),
            service_accounts: service_accounts.iter().map(|(team, number)| (self.team(team), *number)).collect(),
            ids: ids.iter().map(|user| self.user(user)).collect(),
        }
    }

    fn planned(&self, planned: PlannedChange) -> PlannedChange {
        let PlannedChange { id, change, origin, why, source, note, channel, depends_on, escalation, status } = planned;
        let (change, note) = (self.change(&change), note.map(|note| self.note(&note)));
        PlannedChange { id, change, origin, why, source, note, channel, depends_on, escalation, status }
    }

    fn note(&self, note: &Note) -> Arc<Note> {
        let Note { reason, ticket, approved_by, sponsor, window } = note;
        Arc::new(Note {
            reason: reason.as_ref().map(|text| self.string(text)),
            ticket: ticket.as_ref().map(|text| self.string(text)),
            approved_by: approved_by.iter().map(|user| self.user(user)).collect(),
            sponsor: sponsor.as_ref().map(|user| self.user(user)),
            window: *window,
        })
    }

    fn change(&self, change: &Change) -> Change {
        let (user, team) = (|user: &Email| self.user(user), |team: &TeamName| self.team(team));
        let (role, org_role) = (|role: &ProjectRole| self.role(role), |role: &OrgRole| self.org_role(role));
        let from_role = |from: &Option<ProjectRole>| from.as_ref().map(|from| self.role(from));
        match change {
            Change::RenameTeam { from, to } => Change::RenameTeam { from: team(from), to: team(to) },
            Change::CreateTeam { team: name } => Change::CreateTeam { team: team(name) },
            Change::DeleteTeam { team: name } => Change::DeleteTeam { team: team(name) },
            Change::InviteUser { user: email, role } => Change::InviteUser { user: user(email), role: org_role(role) },
            Change::CancelInvite { user: email } => Change::CancelInvite { user: user(email) },
            Change::RemoveUser { user: email } => Change::RemoveUser { user: user(email) },
            Change::SetOrgRole { user: email, from, to } => {
                Change::SetOrgRole { user: user(email), from: org_role(from), to: org_role(to) }
            }
            Change::AddTeamMember { team: name, user: email } => {
                Change::AddTeamMember { team: team(name), user: user(email) }
            }
            Change::RemoveTeamMember { team: name, user: email } => {
                Change::RemoveTeamMember { team: team(name), user: user(email) }
            }
            Change::SetTeamRole { team: name, project, from, to } => {
                Change::SetTeamRole { team: team(name), project: *project, from: from_role(from), to: role(to) }
            }
            Change::RemoveTeamRole { team: name, project, from } => {
                Change::RemoveTeamRole { team: team(name), project: *project, from: role(from) }
            }
            Change::SetGrant { user: email, project, from, to } => {
                Change::SetGrant { user: user(email), project: *project, from: from_role(from), to: role(to) }
            }
            Change::RemoveGrant { user: email, project, from } => {
                Change::RemoveGrant { user: user(email), project: *project, from: role(from) }
            }
            Change::SetEveryone { project, from, to } => {
                Change::SetEveryone { project: *project, from: from_role(from), to: role(to) }
            }
            Change::RemoveEveryone { project, from } => Change::RemoveEveryone { project: *project, from: role(from) },
        }
    }

    fn circle(&self, circle: Circle) -> Circle {
        let Circle { changes, meanwhile, lapses } = circle;
        let held = |Meanwhile { from, until, user, project, role }: Meanwhile| Meanwhile {
            from,
            until,
            user: self.user(&user),
            project,
            role: self.role(&role),
        };
        let lapse = |Lapse { from, user, project }: Lapse| Lapse { from, user: self.user(&user), project };
        Circle {
            changes,
            meanwhile: meanwhile.into_iter().map(held).collect(),
            lapses: lapses.into_iter().map(lapse).collect(),
        }
    }

    fn kept(&self, kept: &Kept) -> Kept {
        let what = match &kept.what {
            KeptWhat::User(user) => KeptWhat::User(self.user(user)),
            KeptWhat::Team(team) => KeptWhat::Team(self.team(team)),
            KeptWhat::Member(team, user) => KeptWhat::Member(self.team(team), self.user(user)),
            KeptWhat::Members(team, number) => KeptWhat::Members(self.team(team), *number),
            KeptWhat::TeamRole(team, project, role) => KeptWhat::TeamRole(self.team(team), *project, self.role(role)),
            KeptWhat::TeamRoles(team, number) => KeptWhat::TeamRoles(self.team(team), *number),
            KeptWhat::Grant(user, project, role) => KeptWhat::Grant(self.user(user), *project, self.role(role)),
            KeptWhat::Everyone(project, role) => KeptWhat::Everyone(*project, self.role(role)),
            KeptWhat::Section(section, number) => KeptWhat::Section(*section, *number),
        };
        let why = match &kept.why {
            KeptWhy::Ignored(pattern) => KeptWhy::Ignored(self.string(pattern)),
            KeptWhy::AwaitsProvider(team) => KeptWhy::AwaitsProvider(self.team(team)),
            KeptWhy::AwaitsRename(user) => KeptWhy::AwaitsRename(self.user(user)),
            KeptWhy::AwaitsMove(user) => KeptWhy::AwaitsMove(self.user(user)),
            KeptWhy::NotListed(_)
            | KeptWhy::NotManaged(_)
            | KeptWhy::UndeclaredProject
            | KeptWhy::NotStated
            | KeptWhy::MembersNotManaged
            | KeptWhy::ScimManaged
            | KeptWhy::UnreadMembers
            | KeptWhy::ServiceAccounts => kept.why.clone(),
        };
        Kept { why, what }
    }

    fn entry(&self, entry: &Entry) -> Entry {
        let keys = |projects: &[ProjectKey]| projects.iter().map(|key| self.key(key)).collect();
        match entry {
            Entry::User(user, role) => Entry::User(self.user(user), self.org_role(role)),
            Entry::Member(team, user) => Entry::Member(self.team(team), self.user(user)),
            Entry::TeamRole(team, projects, role) => Entry::TeamRole(self.team(team), keys(projects), self.role(role)),
            Entry::Grant(user, projects, role) => Entry::Grant(self.user(user), keys(projects), self.role(role)),
            Entry::Exception(rule) => Entry::Exception(self.string(rule)),
            Entry::Waiver(removals, invites) => Entry::Waiver(*removals, *invites),
            Entry::Acceptance(observed, projects) => Entry::Acceptance(self.observed(observed), keys(projects)),
        }
    }

    fn observed(&self, observed: &Observed) -> Observed {
        let role = |role: &Option<ProjectRole>| role.as_ref().map(|role| self.role(role));
        match observed {
            Observed::User(user, role) => {
                Observed::User(self.user(user), role.as_ref().map(|role| self.org_role(role)))
            }
            Observed::Team(team, is_there) => Observed::Team(self.team(team), *is_there),
            Observed::Member(team, user, is_in) => Observed::Member(self.team(team), self.user(user), *is_in),
            Observed::TeamRole(team, project, of) => Observed::TeamRole(self.team(team), *project, role(of)),
            Observed::Grant(user, project, of) => Observed::Grant(self.user(user), *project, role(of)),
            Observed::Everyone(project, of) => Observed::Everyone(*project, role(of)),
        }
    }

    fn overridden(&self, one: Override) -> Override {
        let Override { user, blocked, entry, place } = one;
        Override { user: self.user(&user), blocked, entry: self.entry(&entry), place }
    }

    fn expiring(&self, one: Expiring) -> Expiring {
        let Expiring { state, entry, until, place, note } = one;
        Expiring { state, entry: self.entry(&entry), until, place, note: note.map(|note| self.note(&note)) }
    }

    fn verdict(&self, verdict: Verdict) -> Verdict {
        let Verdict { findings, broken, excepted } = verdict;
        let broken = broken.into_iter().map(|broken| {
            let Broken { rule, place, severity, count, examples, people, judged, unnamed } = broken;
            let (rule, examples) = (self.string(&rule), self.strings(examples));
            Broken { rule, place, severity, count, examples, people, judged, unnamed }
        });
        let excepted = excepted.into_iter().map(|Excepted { rule, place, reason, until, count, examples }| Excepted {
            rule: self.string(&rule),
            place,
            reason: self.string(&reason),
            until,
            count,
            examples: self.strings(examples),
        });
        Verdict {
            findings: findings.iter().map(|finding| self.finding(finding)).collect(),
            broken: broken.collect(),
            excepted: excepted.collect(),
        }
    }

    fn guard(&self, finding: GuardFinding) -> GuardFinding {
        let GuardFinding { code, effect, message, place, held, examples } = finding;
        GuardFinding { code, effect, message: self.string(&message), place, held, examples: self.strings(examples) }
    }

    fn rails(&self, rails: Guards) -> Guards {
        let Guards { min_owners, protected, max_removals, max_invites, invite_stale_days, waivers } = rails;
        let waiver = |Waiver { place, removals, invites, until, reason }: Waiver| Waiver {
            place,
            removals,
            invites,
            until,
            reason: self.string(&reason),
        };
        Guards {
            min_owners,
            protected: protected.into_iter().map(|(user, place)| (self.user(&user), place)).collect(),
            max_removals,
            max_invites,
            invite_stale_days,
            waivers: waivers.into_iter().map(waiver).collect(),
        }
    }

    fn undoing(&self, undoing: Undoing) -> Undoing {
        let Undoing { run, began, by, commit, left, as_before, still_asked_for } = undoing;
        let left_alone =
            |LeftAlone { change, why }: LeftAlone| LeftAlone { change: self.change(&change), why: self.string(&why) };
        Undoing {
            run,
            began,
            by: by.map(|by| self.string(&by)),
            commit,
            left: left.into_iter().map(left_alone).collect(),
            as_before,
            still_asked_for,
        }
    }
}
