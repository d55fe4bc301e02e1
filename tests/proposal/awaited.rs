//! Roles that nobody has now and that are worth what either form of the configuration says.

use accessctl::desired::{About, Bearing};

use super::{amendments, managed, proposal};

/// A configuration with a team that the identity provider is yet to make, which gives `roles`.
fn awaiting(roles: &str) -> String {
    managed("full", "")
        .replace("teams:\n", &format!("teams:\n  late: {{ scim_managed: true, projects: {{ {roles} }} }}\n"))
}

#[test]
fn what_a_team_is_to_give_that_the_provider_is_yet_to_make_is_told() {
    let without = managed("full", "");
    for (base, head, told) in [
        (&without, awaiting("web: owner"), &["loosens teams.late.projects.web: -> owner"][..]),
        (&without, awaiting("web: analyst"), &["alters teams.late.projects.web: -> analyst"]),
        (&awaiting("web: admin"), awaiting("web: owner"), &["loosens teams.late.projects.web: admin -> owner"]),
        (&awaiting("web: owner"), awaiting("web: admin"), &["alters teams.late.projects.web: owner -> admin"]),
        (&awaiting("web: owner"), awaiting("web: owner"), &[]),
        // It is told when it begins, and what is over is given to nobody.
        (&without, awaiting("web: { role: owner, from: 2027-01-01 }"), &[]),
        (&without, awaiting("web: { role: owner, until: 2026-01-31 }"), &[]),
    ] {
        assert_eq!(amendments(base, &head), told, "{head}");
    }
    // Whoever gives a custom role does not also say what it is worth.
    let custom = |like: &str, roles: &str| {
        let web = format!("{{ id: 1, roles: {{ Steward: {like} }} }}");
        awaiting(roles).replace("{ id: 1, environment: production, everyone: consumer }", &web)
    };
    for like in ["{ like: admin }", "{ like: consumer }", "{}"] {
        let told = amendments(&custom("{ like: admin }", "ios: analyst"), &custom(like, "ios: analyst, web: Steward"));
        assert!(told.contains(&"loosens teams.late.projects.web: -> Steward".to_owned()), "{like}: {told:?}");
    }
    // A team that is there is told by its changes, by whichever name it is found.
    for there in ["name: Data", "name: Info, previously: [Data]"] {
        let team = "name: Data, members: [ana@acme.com, bo@acme.com], projects: { web: analyst }";
        let head = without.replace(team, &format!("{there}, scim_managed: true, projects: {{ web: owner }}"));
        let told = proposal(&without, &head).amendments;
        assert!(told.iter().all(|one| one.about != About::Awaited), "{head}: {told:?}");
    }
}

#[test]
fn whoever_gives_a_role_on_a_later_day_does_not_say_what_it_is_worth() {
    let with = |like: &str, grant: &str| {
        let custom = format!("{{ id: 1, roles: {{ Steward: {like} }} }}");
        let head = managed("full", "").replace("{ id: 1, environment: production, everyone: consumer }", &custom);
        head.replace("grants: [", &format!("grants: [{grant}"))
    };
    let (admin, consumer) = ("{ like: admin }", "{ like: consumer }");
    for grant in ["Steward, from: 2027-01-01", "Steward, until: 2027-01-01"] {
        let grant = format!("{{ user: ana@acme.com, project: web, role: {grant} }}, ");
        let before =
            grant.replace("until: 2027-01-01", "until: 2026-12-01").replace("from: 2027-01-01", "from: 2027-02-01");
        for like in [admin, consumer, "{}"] {
            let ends = proposal(&with(admin, &before), &with(like, &grant)).ends;
            assert!(ends.len() == 1 && ends[0].is_grave() && ends[0].bearing == Bearing::Loosens, "{like}: {ends:?}");
        }
        let ends = proposal(&with(consumer, &before), &with(consumer, &grant)).ends;
        assert!(ends.len() == 1 && !ends[0].is_grave(), "{ends:?}");
    }
}
