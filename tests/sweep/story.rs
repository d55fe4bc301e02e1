//! What is to be done to an organization: its live side, the configuration, and the plan that leads from one to the other.

use std::fs;
use std::path::Path;

use accessctl::backend::snapshot;
use accessctl::change::Change;
use accessctl::desired::compile;
use accessctl::export::{Labels, Section, write_section};
use accessctl::model::{Email, Interner, OrgKey, OrgRole, ProjectId, State, Status, User};
use accessctl::plan::{Channel, Plan};
use accessctl::planning;
use accessctl::source::{SourceFile, Sources};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::ground::NOW;
use crate::world::{USERS, project, state, user};

/// The words of a configuration that stand for the address of the service.
const SERVICE: &str = "[SERVICE]";

/// An organization and what it should become.
pub(crate) struct Story {
    pub(crate) name: String,
    /// The live side, as a snapshot.
    pub(crate) seed: String,
    /// The plan that a run without faults performs.
    pub(crate) plan: Plan,
    text: String,
}

impl Story {
    /// The organization of which the plan has a change of each kind.
    pub(crate) fn of_all_kinds() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsal");
        let seed = fs::read_to_string(here.join("live.yaml")).unwrap();
        let text = fs::read_to_string(here.join("desired.yaml")).unwrap().replace("unverified: all", ALONE);
        Self::new("all kinds".to_owned(), seed, text).unwrap()
    }

    /// Generated organizations, the same for the same number, as long as there is something to do for them that nothing
    /// holds up.
    pub(crate) fn generated() -> impl Iterator<Item = Self> {
        (0..).filter_map(|number: u64| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&number.to_le_bytes());
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
            let mut runner = TestRunner::new_with_rng(Config::default(), rng);
            let (mut live, mut wish) = (state(), state()).new_tree(&mut runner).unwrap().current();
            if number.is_multiple_of(2) {
                shrink(&mut live);
                shrink(&mut wish);
            }
            // How the service calls members is known only where there is one.
            let member = User { role: OrgRole::Member, status: Status::Active, last_active: None };
            for side in [&mut live, &mut wish] {
                side.users.insert(user(USERS), member.clone());
            }
            Self::new(format!("organization {number}"), snapshot_of(&live), configuration(&live, wish, number))
        })
    }

    /// `None` where nothing is to be done, or something holds up what is.
    fn new(name: String, seed: String, text: String) -> Option<Self> {
        let mut names = Interner::default();
        let live = snapshot::read_yaml(seed.as_bytes(), "seed", NOW, &mut names).unwrap().state;
        let sources = Sources::new(vec![SourceFile::new("access.yaml", text.replace(SERVICE, "http://127.0.0.1:1"))]);
        let compiled = compile(&sources, &mut names);
        let [desired] = compiled.organizations.as_slice() else { panic!("{name}: {:?}: {text}", compiled.diagnostics) };
        let plan = planning::plan(desired, live, "mixpanel", NOW).ok()?.plan;
        let is_free = !plan.is_blocked() && plan.held().next().is_none();
        let is_sent = plan.to_do().all(|planned| planned.channel == Channel::Api);
        // The service lets nobody remove an owner, since an account has to be above whom it removes (dossier 1.4).
        let is_peer = |user: &Email| plan.live.users[user].role == OrgRole::Owner;
        let is_refused =
            plan.to_do().any(|planned| matches!(&planned.change, Change::RemoveUser { user } if is_peer(user)));
        (is_free && is_sent && !is_refused && !plan.changes.is_empty()).then_some(Self { name, seed, plan, text })
    }

    /// The configuration, for a service at this address.
    pub(crate) fn configuration(&self, base_url: &str) -> String {
        self.text.replace(SERVICE, base_url)
    }

    /// The same, where requests are made several at a time as they are for everybody.
    pub(crate) fn at_full_speed(mut self) -> Self {
        self.text = self.text.replace(ALONE, "unverified: all");
        self
    }
}

/// One request after the other, so that the same run makes the same requests in the same order.
const ALONE: &str = "unverified: all, limits: { reads: 1, writes: 1 }";

/// Leaves the first two projects: reading fewer takes fewer requests.
fn shrink(state: &mut State) {
    let is_kept = |id: &ProjectId| *id <= project(1);
    state.projects.retain(|id, _| is_kept(id));
    state.grants.retain(|(_, id), _| is_kept(id));
    for team in state.teams.values_mut() {
        team.roles.retain(|id, _| is_kept(id));
    }
}

fn snapshot_of(live: &State) -> String {
    let snapshot = accessctl::backend::Snapshot {
        taken_at: NOW,
        state: live.clone(),
        team_ids: live.teams.keys().cloned().zip(5..).collect(),
        acting: None,
        applied: None,
    };
    let mut text = Vec::new();
    snapshot::write(&snapshot, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// The configuration that wants `wish`, with renames and parts that are not managed here and there.
fn configuration(live: &State, mut wish: State, number: u64) -> String {
    for found in wish.users.values_mut() {
        found.status = Status::Active;
        // Nobody can wish for a role that is not known, and one that nobody was read to have is not written.
        if !matches!(found.role, OrgRole::Owner | OrgRole::Admin) {
            found.role = OrgRole::Member;
        }
    }
    let key = OrgKey::new("acme").unwrap();
    let labels = Labels { org: &key, projects: &Default::default() };
    let write = |section| {
        let mut text = Vec::new();
        write_section(&wish, labels, section, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    let manage =
        ["", "grants: listed", "users: listed, teams: listed", "everyone: none"][usize::try_from(number % 4).unwrap()];
    let head = format!(
        "{}  backend: {{ type: mixpanel, region: us, base_url: \"{SERVICE}\", {ALONE} }}\n  guards: {{ max_removals: \
         100%, max_invites: 1000, min_owners: {} }}\n  manage: {{ {manage} }}\n",
        write(Section::Head),
        1 + number % 2,
    );
    let mut text = head + &Section::ALL[1..].iter().map(|section| write(*section)).collect::<String>();
    // Somebody and some team have had another name.
    let new = wish.users.keys().find(|email| !live.users.contains_key(*email));
    let old = live.users.keys().find(|email| !wish.users.contains_key(*email));
    if let (Some(new), Some(old)) = (new, old) {
        let role = wish.users[new].role.as_str();
        let (plain, renamed) =
            (format!("  {new}: {role}\n"), format!("  {new}: {{ role: {role}, previously: [{old}] }}\n"));
        assert!(text.contains(&plain), "{text}");
        text = text.replacen(&plain, &renamed, 1);
    }
    let new = wish.teams.keys().find(|team| !live.teams.contains_key(*team));
    let old = live.teams.keys().find(|team| !wish.teams.contains_key(*team));
    if let (Some(new), Some(old)) = (new, old) {
        let plain = format!("  {new}:\n");
        assert!(text.contains(&plain), "{text}");
        text = text.replacen(&plain, &format!("{plain}    previously: [{old}]\n"), 1);
    }
    assert!(wish.users.keys().all(|email| email.ends_with(user(0).domain())));
    text
}
