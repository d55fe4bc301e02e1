//! What `drift` proposes under `accept` is what accepts it.

use std::fs;

use accessctl::cli::ExitStatus;

use super::{World, night};

/// The team is called `Old` on the live side, and others have names that YAML would read as something else.
const LIVE: &str = r#"{"format":"accessctl.snapshot/1","organization":{"id":77,"name":"Acme"},
  "projects":[{"id":1,"name":"Web","everyone":"consumer","roles":["on"]},{"id":2,"name":"iOS","roles":[]}],
  "users":[{"email":"ana@acme.com","role":"owner","status":"active"},{"email":"bo@acme.com","role":"admin","status":"active"},
    {"email":"{x}@acme.com","role":"member","status":"active"}],
  "teams":[{"name":"Old","members":["ana@acme.com"],"projects":[{"id":1,"role":"on"}]},
    {"name":"yes","members":["bo@acme.com"],"projects":[]},{"name":"a: b # \"c\" \\","members":[],"projects":[]},
    {"name":"- 7","members":[],"projects":[{"id":1,"role":"admin"}]},{"name":"Web","members":[],"projects":[]}],
  "grants":[{"user":"bo@acme.com","project":1,"role":"admin"},{"user":"{x}@acme.com","project":2,"role":"analyst"}]}"#;

/// The configuration, which accepts `accepted`.
fn configured(world: &World, accepted: &[String]) {
    let entries: String = accepted.iter().map(|entry| format!("    {entry}\n")).collect();
    let accept = if entries.is_empty() { String::new() } else { format!("  accept:\n{entries}") };
    let text = format!(
        "version: 1
org:
  key: acme
  id: 77
  manage: {{ everyone: full }}
{accept}users:
  ana@acme.com: owner
  bo@acme.com: member
  cy@acme.com: member
projects:
  web: {{ id: 1, roles: ['on'] }}
  \"no\": {{ id: 2, everyone: analyst }}
teams:
  core: {{ name: Core, previously: [Old], members: [bo@acme.com], projects: {{ web: analyst, \"no\": consumer }} }}
  web: {{ name: Site, members: [], projects: {{ web: analyst }} }}
  \"yes\": {{ members: [cy@acme.com], projects: {{}} }}
grants:
  - {{ user: bo@acme.com, project: web, role: analyst }}
  - {{ user: ana@acme.com, project: \"no\", role: 'admin' }}
"
    );
    fs::write(world.path("config/access.yaml"), text).unwrap();
}

#[test]
fn what_is_proposed_accepts_what_it_is_proposed_for() {
    let world = World::new();
    world.live(LIVE);
    let mut accepted: Vec<String> = Vec::new();
    loop {
        configured(&world, &accepted);
        let ended = world.drift(night(0), &[]);
        assert!(!ended.stderr.contains("fits no difference"), "{accepted:#?}\n{}", ended.said());
        let told = format!("{} accepted", accepted.len());
        assert!(accepted.is_empty() || ended.stdout.contains(&told), "{accepted:#?}\n{}", ended.said());
        let proposed = ended.stdout.lines().skip_while(|line| line.trim() != "accept:").nth(1);
        let Some(entry) = proposed else {
            assert_eq!(ended.status, ExitStatus::Done, "{accepted:#?}\n{}", ended.said());
            break;
        };
        assert_eq!(ended.status, ExitStatus::Differences);
        accepted.push(entry.trim().to_owned());
    }
    for part in ["user: ", "team: ", "project: ", "everyone: ", "org_role: ", "missing: true", "team: Core"] {
        assert!(accepted.iter().any(|entry| entry.contains(part)), "{part}: {accepted:#?}");
    }
    // Whoever looks at the live side finds the team by the name that it has there.
    let earlier: Vec<String> = accepted.iter().map(|entry| entry.replace("team: Core", "team: Old")).collect();
    configured(&world, &earlier);
    let ended = world.drift(night(0), &[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""), "{earlier:#?}\n{}", ended.stdout);
}
