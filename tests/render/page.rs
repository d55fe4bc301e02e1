//! Plans as a page: complete in itself, all of it there, and nothing that strangers named acts in it.

use std::collections::BTreeSet;

use accessctl::desired::Unmanaged;
use accessctl::model::{OrgId, OrgKey};
use accessctl::plan::{Origin, Plan};
use accessctl::render::{Setting, WithoutPlan, html};
use accessctl::source::Sources;
use html5gum::{DefaultEmitter, Token, Tokenizer};
use proptest::prelude::{prop, prop_assert, proptest};

use crate::hostile::{self, name};
use crate::inert::{BASE, links};
use crate::world;

fn page_of(plans: &[Plan], others: WithoutPlan<'_>, sources: &Sources) -> String {
    let mut out = Vec::new();
    let setting = Setting { content: "sha256:00", as_of: Some("2026-12-01"), links: &links() };
    html::write_plans(&mut out, plans, others, sources, setting).unwrap();
    String::from_utf8(out).unwrap()
}

fn page(plans: &[Plan]) -> String {
    page_of(plans, WithoutPlan::default(), &world::sources("access.yaml"))
}

/// The elements of the page, each with its attributes.
const ELEMENTS: [(&str, &[&str]); 27] = [
    ("html", &["lang"]),
    ("head", &[]),
    ("meta", &["charset", "http-equiv", "content", "name"]),
    ("title", &[]),
    ("style", &[]),
    ("script", &[]),
    ("body", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("p", &["class", "id", "role"]),
    ("input", &["id", "type", "placeholder", "aria-label", "hidden"]),
    ("section", &["id"]),
    ("nav", &[]),
    ("ul", &["class"]),
    ("li", &["class"]),
    ("a", &["href", "rel"]),
    ("span", &["class"]),
    ("b", &["class"]),
    ("div", &["class"]),
    ("table", &[]),
    ("thead", &[]),
    ("tbody", &[]),
    ("tr", &["class"]),
    ("th", &["scope", "class", "colspan"]),
    ("td", &["class"]),
    ("h4", &[]),
];

/// What of a page is not its own, and the text between its tags.
fn judged(page: &str) -> (Vec<String>, String) {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let (mut strange, mut text, mut scripts) = (Vec::new(), String::new(), 0);
    let mut classes = BTreeSet::new();
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                scripts += usize::from(name == "script");
                let known = ELEMENTS.iter().find(|(known, _)| *known == name);
                if known.is_none() {
                    strange.push(format!("<{name}>"));
                }
                for (key, value) in &tag.attributes {
                    let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
                    let is_known = known.is_some_and(|(_, attributes)| attributes.contains(&&*key));
                    let is_fine = match &*key {
                        "href" => value.starts_with(&format!("{BASE}/")) || value.starts_with("#org-"),
                        "class" => {
                            classes.insert(value.clone().into_owned());
                            value.chars().all(|c| c.is_ascii_lowercase() || c == ' ')
                        }
                        _ => true,
                    };
                    if !is_known || !is_fine {
                        strange.push(format!("<{name} {key}={value}>"));
                    }
                }
            }
            Token::EndTag(_) | Token::Doctype(_) => {}
            Token::Comment(comment) => strange.push(format!("<!--{}-->", String::from_utf8_lossy(&comment))),
            Token::Error(error) => strange.push(format!("{error:?}")),
            Token::String(found) => text.push_str(&String::from_utf8_lossy(&found)),
        }
    }
    if scripts != 1 || classes.len() > 24 {
        strange.push(format!("{scripts} scripts, classes {classes:?}"));
    }
    (strange, text)
}

#[test]
fn a_page_says_what_the_comment_says_and_all_of_it() {
    let plan = world::week().plan;
    let whole = page(std::slice::from_ref(&plan));
    let (strange, text) = judged(&whole);
    assert_eq!(strange, Vec::<String>::new());
    for said in [
        "acme Acme Inc",
        "4 people gain access",
        "2 escalations, 5 removals",
        "By person: ",
        "Every change (15)",
        "Kept live things that the configuration does not manage",
        "Guards",
        "becomes admin of ios",
        "max.mustermann-von-hohenstein@agency.example.com",
        "sha256:00",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(whole.contains(&format!("<a href=\"{BASE}/access.yaml#L41\"")), "{whole}");
}

#[test]
fn nothing_is_left_out_and_nothing_comes_from_elsewhere() {
    let plan = world::crowd().plan;
    let whole = page(std::slice::from_ref(&plan));
    let (strange, text) = judged(&whole);
    assert_eq!(strange, Vec::<String>::new());
    for number in 0..1200 {
        assert!(text.contains(&format!("new{number:04}@globex.com")), "{number}");
    }
    let rows = |class: &str| whole.matches(&format!("<tr class=\"{class}")).count();
    // Each change once, and those that are grave once more.
    let removals = plan.totals().removals;
    assert_eq!(rows("add") + rows("change") + rows("remove"), plan.changes.len() + removals + 1);
    assert!(!text.contains('…'), "nothing is folded");
    for reaching in ["<link", "src=\"", "@import", "url(", "style=\"", "http:"] {
        assert!(!whole.contains(reaching), "{reaching}");
    }
    assert!(whole.contains("content=\"default-src 'none'; style-src 'sha256-"));
}

#[test]
fn pages_of_nothing_and_of_many_organizations_are_whole() {
    for plans in [vec![], vec![world::quiet("acme").plan], vec![world::week().plan, world::quiet("beta").plan]] {
        let missing = [OrgKey::new("--> <x>").unwrap()];
        let others = WithoutPlan { unplanned: &missing, unmanaged: &[] };
        let whole = page_of(&plans, others, &world::sources("a.yaml"));
        assert_eq!(judged(&whole).0, Vec::<String>::new());
        assert!(whole.starts_with("<!DOCTYPE html>\n") && whole.ends_with("</html>\n"));
        assert_eq!(whole, page_of(&plans, others, &world::sources("a.yaml")), "the same input, the same bytes");
    }
    assert!(
        judged(&page(&[world::quiet("acme").plan])).1.contains("Nothing to do: in sync (1 user, 1 team, 0 grants).")
    );
}

#[test]
fn origins_are_told_apart_and_what_is_not_proposed_is_said_first() {
    let mut plan = world::week().plan;
    world::propose(&mut plan, |change| match change.user().map(|user| user.as_str()) {
        Some("eve@acme.com") => Origin::Drift,
        Some("cy@agency.com") => Origin::Pending,
        Some(_) | None => Origin::Proposed,
    });
    let whole = page(&[plan]);
    let (strange, text) = judged(&whole);
    assert_eq!(strange, Vec::<String>::new());
    let at = |said: &str| text.find(said).unwrap_or_else(|| panic!("no {said:?} in {text}"));
    assert!(at("Proposed: ") < at("Not of this proposal: 2 pending (agreed to before"), "{text}");
    assert!(at("Not of this proposal: ") < at("12 changes proposed"), "{text}");
    // Not by a word in grey alone: each has a color and a line of its own.
    for origin in ["proposed", "pending", "drift"] {
        assert!(whole.contains(&format!("<span class=\"origin {origin}\">{origin}</span>")), "{origin}");
        assert!(whole.contains(&format!("\n.origin.{origin} {{ color: var(--")), "{origin}");
    }
}

#[test]
fn what_is_strange_is_seen() {
    let whole = page(&[world::quiet("acme").plan]);
    for strange in ["<img src=x>", "<a href=\"javascript:1\">", "<p onclick=x>", "<!-- x -->", "<script>1</script>"] {
        let broken = whole.replace("</h1>", &format!("{strange}</h1>"));
        assert_ne!(judged(&broken).0, Vec::<String>::new(), "{strange}");
    }
}

proptest! {
    #[test]
    fn no_name_acts_in_a_page(names in prop::array::uniform6(name()), knows_base: bool) {
        let mut plan = hostile::world(&names).plan;
        if knows_base {
            world::propose_in_words(&mut plan, &names);
        }
        let unplanned = [OrgKey::new(&names[4]).unwrap()];
        let unmanaged = [Unmanaged { key: OrgKey::new(&names[5]).unwrap(), id: OrgId::new(1).unwrap() }];
        let others = WithoutPlan { unplanned: &unplanned, unmanaged: &unmanaged };
        let whole = page_of(&[plan], others, &world::sources(&names[2]));
        let (strange, _) = judged(&whole);
        prop_assert!(strange.is_empty(), "{strange:?}");
        // A colon or a number sign acts only where a word begins, for whoever runs a job.
        let acts = |c: char| c != '\n' && accessctl::render::visible(&format!("x{c}x")) != format!("x{c}x");
        prop_assert!(!whole.contains(acts));
    }

    #[test]
    fn what_strangers_write_stands_there_as_it_is(words in name()) {
        let names = std::array::from_fn(|place| format!("{words}{place}"));
        let whole = page(&[hostile::world(&names).plan]);
        let shown = accessctl::render::visible(&names[5]).replace('"', "\\\"");
        let text = judged(&whole).1;
        prop_assert!(text.contains(&shown), "{shown} in {text}");
    }
}
