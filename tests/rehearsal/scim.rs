//! SCIM against the local server: what goes over it, and that faults at each of its writes are survived.

use accessctl::change::Change;
use accessctl::cli::ExitStatus;
use accessctl::model::TeamName;
use accessctl::serve::{Fault, Occurrence, RetryAfter, Script};
use serde_json::{Value, json};

use crate::stage::{Stage, configuration};

const SCIM: &str = "/api/app/scim/v2/";

/// The configuration with every kind of change, and SCIM for the people of `domain`.
fn with_scim(stage: &Stage, domain: &str) -> String {
    configuration(stage)
        .replace("unverified: all", &format!("unverified: all, scim: {{ claimed_domains: [{domain}] }}"))
}

fn scim_writes(stage: &Stage) -> Vec<(String, Value)> {
    stage.writes().into_iter().filter(|(path, _)| path.starts_with(SCIM)).collect()
}

#[test]
fn people_of_claimed_domains_are_made_removed_and_put_into_teams() {
    let stage = Stage::of_all_kinds();
    let text = with_scim(&stage, "acme.com");
    let plan = stage.run(&["plan"], &text);
    let said = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("new@acme.com make a member at once, without a mail (by SCIM)"), "{said}");
    assert!(said.contains("and sends no invitation mail"), "{said}");
    assert!(!said.contains("once they accept"), "{said}");
    let apply = stage.run(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
    let writes = scim_writes(&stage);
    let mut paths: Vec<&str> = writes.iter().map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    // `eve` is gone, `Analysts` and the new team got members.
    assert!(paths.contains(&"/api/app/scim/v2/Users") && paths.contains(&"/api/app/scim/v2/Groups/5"), "{paths:?}");
    assert_eq!(paths.iter().filter(|path| path.starts_with("/api/app/scim/v2/Users/")).count(), 1, "{paths:?}");
    let made: Vec<&Value> = writes.iter().filter(|(path, _)| path.ends_with("/Users")).map(|(_, body)| body).collect();
    assert_eq!(made.len(), 2);
    assert_eq!(made[0]["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
    assert_eq!((&made[0]["userName"], made[0].get("role")), (&json!("new@acme.com"), None));
    for other in ["add-users/", "add-users-to-teams/", "organizations/77/delete-users/", "teams/5/delete-users/"] {
        assert!(!stage.writes().iter().any(|(path, _)| path.ends_with(other)), "{other}");
    }
    let said = format!("takes about {} requests and", stage.writes().len());
    assert!(plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(&said), "{said}: {}", plan.stdout);
    assert_eq!(stage.run(&["plan", "--exit-code"], &text).status, ExitStatus::Done);
}

#[test]
fn others_go_as_before() {
    let stage = Stage::of_all_kinds();
    let apply = stage.run(&["apply", "--yes"], &with_scim(&stage, "elsewhere.test"));
    assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
    assert_eq!(scim_writes(&stage), []);
}

#[test]
fn a_fault_at_any_write_is_survived() {
    let faultless = Stage::of_all_kinds();
    faultless.run(&["apply", "--yes"], &with_scim(&faultless, "acme.com"));
    let number = scim_writes(&faultless).len() as u64;
    assert!(number >= 6, "{number}");
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        for fault in [
            Fault::Lost,
            Fault::HalfRead,
            Fault::Html,
            Fault::Status { status: 500, done: true },
            Fault::Status { status: 503, done: false },
            Fault::TooMany(RetryAfter::Seconds(7)),
        ] {
            for place in 1..=number {
                let stage = Stage::of_all_kinds().with_fault(Script {
                    method: Some(method.to_owned()),
                    path: SCIM.to_owned(),
                    when: Occurrence::Nth(place),
                    fault: fault.clone(),
                });
                let text = with_scim(&stage, "acme.com");
                let (mut statuses, mut said) = (Vec::new(), String::new());
                while statuses.len() < 4 && statuses.last() != Some(&ExitStatus::Done) {
                    let ended = stage.run(&["apply", "--yes"], &text);
                    statuses.push(ended.status);
                    said = ended.said();
                }
                let at = format!("{fault:?} at {method} {place}");
                assert_eq!(statuses.last(), Some(&ExitStatus::Done), "{at}: {statuses:?}: {said}");
                assert!(statuses.len() <= 2, "{at}: {statuses:?}");
                assert_eq!(stage.run(&["plan", "--exit-code"], &text).status, ExitStatus::Done, "{at}");
                if scim_writes(&stage).len() <= number as usize && statuses.len() == 1 {
                    // There were fewer requests of this method.
                    break;
                }
            }
        }
    }
}

#[test]
fn nobody_is_made_twice_when_the_answer_is_lost() {
    let stage = Stage::of_all_kinds().with_fault(Script {
        method: Some("POST".to_owned()),
        path: SCIM.to_owned(),
        when: Occurrence::Nth(1),
        fault: Fault::Lost,
    });
    let text = with_scim(&stage, "acme.com");
    let first = stage.run(&["apply", "--yes"], &text);
    assert_eq!(first.status, ExitStatus::Incomplete, "{}", first.said());
    let said = first.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("`scim_create_user` has an unknown outcome: POST /api/app/scim/v2/Users"), "{said}");
    assert_eq!(stage.run(&["apply", "--yes"], &text).status, ExitStatus::Done);
    let made = scim_writes(&stage).into_iter().filter(|(_, body)| body["userName"] == "new@acme.com").count();
    assert_eq!(made, 1);
}

#[test]
fn somebody_with_an_account_elsewhere_needs_an_ordinary_invitation() {
    let stage = Stage::with_strangers(&["new@acme.com"]);
    let apply = stage.run(&["apply", "--yes"], &with_scim(&stage, "acme.com"));
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    let said = apply.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("SCIM does not make `new@acme.com` a member"), "{said}");
    assert!(said.contains("an ordinary invitation (Organization settings, Users)"), "{said}");
    assert!(said.contains("409") && said.contains("(uniqueness)"), "{said}");
}

#[test]
fn two_groups_of_one_name_are_not_guessed_between() {
    let stage = Stage::of_all_kinds();
    stage.server.perform(&Change::CreateTeam { team: TeamName::new("ANALYSTS").unwrap() }).unwrap();
    let text = with_scim(&stage, "acme.com").replace("teams:\n", "teams:\n  ANALYSTS: { members: [] }\n");
    let apply = stage.run(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    let said = apply.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("SCIM has several groups called `Analysts`"), "{said}");
}

#[test]
fn the_doctor_tells_whether_scim_can_be_used() {
    let stage = Stage::of_all_kinds();
    let text = with_scim(&stage, "acme.com");
    let well = stage.run(&["doctor"], &text);
    assert_eq!(well.status, ExitStatus::Done, "{}", well.said());
    let said = well.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("scim well: it answers to the token of `MIXPANEL_SCIM_TOKEN`; claimed: acme.com"), "{said}");
    assert!(
        said.contains("By SCIM invite_user, add_team_member, remove_team_member, remove_user for people of acme.com"),
        "{said}"
    );
    let json = stage.run(&["doctor", "--format", "json"], &text);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    jsonschema::validate(&accessctl::render::doctor::schema(), &document).unwrap();
    let channels = document["orgs"][0]["channels"].as_array().unwrap();
    let of = |kind: &str| channels.iter().find(|known| known["kind"] == kind).unwrap();
    assert_eq!(*of("remove_user"), json!({"kind": "remove_user", "channel": "api", "scim_domains": ["acme.com"]}));
    assert_eq!(*of("set_grant"), json!({"kind": "set_grant", "channel": "api", "scim_domains": []}));

    let off = stage.run(&["doctor"], &configuration(&stage));
    assert_eq!(off.status, ExitStatus::Done, "{}", off.said());
    assert!(
        !off.stdout.contains("By SCIM") && off.stdout.contains("off: `backend.scim` does not say"),
        "{}",
        off.stdout
    );
    assert!(stage.writes().is_empty());
}
