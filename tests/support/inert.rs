//! Plans as a comment, in which nothing acts but links to lines of the configuration.

use accessctl::plan::Plan;
use accessctl::render::links::Links;
use accessctl::render::{Setting, WithoutPlan, markdown};
use accessctl::source::Sources;
use pulldown_cmark::{Event, Options as Extensions, Parser, Tag};

/// Where the lines of the configuration are.
pub(crate) const BASE: &str = "https://git.test/acme/access/blob/0a1b2c3";
const DIGEST: &str = "sha256:00";

/// Links to lines below it.
pub(crate) fn links() -> Links {
    Links::new(BASE, None).unwrap()
}

/// `plans` as a comment, in the room that there is.
pub(crate) fn written(plans: &[Plan], others: WithoutPlan<'_>, sources: &Sources, links: &Links) -> String {
    let mut out = Vec::new();
    let setting = Setting { content: DIGEST, as_of: None, links };
    markdown::write_plans(&mut out, plans, others, sources, setting).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.len() <= markdown::MOST, "{} bytes", text.len());
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
    text
}

/// What of a comment is not its own: a reader could be led somewhere else, somebody called, or something shown that is
/// not there.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else Markdown has, or will have, is not plain")]
pub(crate) fn acting(comment: &str) -> Vec<String> {
    let extensions = Extensions::all();
    let mut found = Vec::new();
    for event in Parser::new_ext(comment, extensions) {
        match event {
            Event::Text(text) if text.contains(['@', '#', '<', '>', '|', '[', ']', '`', '*', '_', '/', '\\']) => {
                found.push(text.into_string());
            }
            Event::Start(Tag::Link { dest_url, title, .. }) => {
                let line = dest_url.strip_prefix(BASE).and_then(|path| path.split_once("#L"));
                let is_ours = line.is_some_and(|(_, line)| line.parse::<u32>().is_ok());
                if !is_ours || !title.is_empty() {
                    found.push(dest_url.into_string());
                }
            }
            Event::Html(html) => {
                let html = html.trim();
                let summary = html.strip_prefix("<details><summary>").and_then(|rest| rest.strip_suffix("</summary>"));
                let is_summary =
                    summary.is_some_and(|text| text.chars().all(|c| c.is_ascii_alphanumeric() || " ,()".contains(c)));
                let marker = html.strip_prefix("<!-- accessctl:plan ").and_then(|rest| rest.strip_suffix(" -->"));
                let is_marker = marker.is_some_and(|text| !text.contains("--") && !text.contains(['<', '>']));
                if !is_summary && !is_marker && html != "</details>" {
                    found.push(html.to_owned());
                }
            }
            Event::Start(
                Tag::Paragraph | Tag::Heading { .. } | Tag::List(_) | Tag::Item | Tag::Strong | Tag::HtmlBlock,
            ) => {}
            Event::End(_) | Event::Text(_) | Event::Code(_) | Event::SoftBreak => {}
            other => found.push(format!("{other:?}")),
        }
    }
    found
}
