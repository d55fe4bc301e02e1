//! A review as one page that needs nothing else: no network, no fonts, and no script to be read or printed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::cells::Cells;
use super::{days, filter_words, not_known, totals_words, via_name};
use crate::access::rank;
use crate::grounds::{Compared, Mark};
use crate::model::{BuiltInRole, OrgRole, ProjectId, ProjectRole};
use crate::render::access::organization_title;
use crate::render::page::{Page, escape as text};
use crate::render::text::count;
use crate::review::{self, Review, Reviewed, Totals};
use crate::source::Sources;

const STYLE: &str = concat!(include_str!("../page/base.css"), include_str!("page.css"));
const SCRIPT: &str = include_str!("page.js");

const LEGEND_OF_DIFFERENCES: &str = "<span><b class=\"role planned\">+an</b> not applied yet</span>\
    <span><b class=\"differs\">*</b> the two sides differ</span>";

/// A matrix of more cells than this is left out: nobody could read it, and browsers could hardly show it.
const MOST_CELLS: usize = 200_000;

/// Writes the page.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_html(out: &mut dyn Write, reviews: &[Review<'_>], sources: &Sources) -> io::Result<()> {
    let names: Vec<String> = reviews.iter().map(|review| organization_title(review.view).0.to_owned()).collect();
    let title = format!("Access review of {}", names.join(", "));
    let page = Page {
        title: &title,
        heading: "Access review",
        style: STYLE,
        script: SCRIPT,
        search: "users, projects, teams, roles, tickets",
    };
    page.begin(out)?;
    reviews.iter().try_for_each(|review| write_review(out, review, sources))?;
    page.end(out)
}

fn write_review(out: &mut dyn Write, review: &Review<'_>, sources: &Sources) -> io::Result<()> {
    let view = review.view;
    let (mut totals, mut projects) = (Totals::default(), BTreeSet::new());
    for reviewed in review.people() {
        totals.add(&reviewed);
        projects.extend(reviewed.rows.iter().filter_map(|row| Some(row.shown()?.project)));
    }
    let (key, name) = organization_title(view);
    let name = name.map_or(String::new(), |name| format!(" <span class=\"faint\">{}</span>", text(name)));
    writeln!(out, "<section>\n<h2>{}{name}</h2>", text(key))?;
    let side = match view.live {
        Some(_) => "The live side, compared with the configuration",
        None => "As the configuration declares it (the live side was not read)",
    };
    let asked = filter_words(review.filter);
    let asked = if asked.is_empty() { String::new() } else { format!("; only {}", asked.join(", ")) };
    writeln!(out, "<p>{}.</p>\n<ul class=\"totals\">", text(&format!("{side}; {}{asked}", days(view))))?;
    for words in totals_words(&totals, review.filter.is_open()).into_iter().chain(not_known(view)) {
        writeln!(out, "<li>{}</li>", text(&words))?;
    }
    writeln!(out, "</ul>")?;
    if totals.reviewed + totals.planned > 0 {
        write_matrix(out, review, &totals, &projects)?;
        write_rows(out, review, sources)?;
    }
    writeln!(out, "</section>")
}

/// The best role of each user on each project.
fn write_matrix<'a>(
    out: &mut dyn Write,
    review: &Review<'a>,
    totals: &Totals<'_>,
    projects: &BTreeSet<ProjectId>,
) -> io::Result<()> {
    writeln!(out, "<h3>Users by projects</h3>")?;
    let people = totals.reviewed + totals.planned;
    let cells = people.saturating_mul(projects.len());
    if cells > MOST_CELLS {
        let number = count(projects.len(), "project");
        let words = format!("{} by {number} are too many for a table.", count(people, "user"));
        return writeln!(out, "<p class=\"faint\">{}</p>", text(&words));
    }
    writeln!(
        out,
        "<p class=\"legend faint\"><span><b class=\"role owner\">ow</b> owner</span><span><b class=\"role admin\">ad</b> \
         admin</span><span><b class=\"role analyst\">an</b> analyst</span><span><b class=\"role consumer\">co</b> \
         consumer</span><span><b class=\"role custom\">cu</b> custom role</span>{}</p>",
        if review.view.live.is_some() { LEGEND_OF_DIFFERENCES } else { "" }
    )?;
    write!(out, "<div class=\"frame\"><table class=\"matrix\">\n<thead><tr><th scope=\"col\">user</th>")?;
    for project in projects {
        let label = review.view.project_label(*project);
        let title = match (review.view.project_name(*project), review.view.environment(*project)) {
            (Some(name), Some(environment)) => format!("{name}, {environment}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => label.clone().into_owned(),
        };
        write!(
            out,
            "<th scope=\"col\" title=\"{}\"><span class=\"project\">{}</span></th>",
            text(&title),
            text(&label)
        )?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    let ranks = review.view.desired.ranks();
    for reviewed in review.people().filter(|reviewed| !reviewed.rows.is_empty()) {
        write!(out, "<tr><th scope=\"row\">{}{}</th>", text(reviewed.user), tags(&reviewed))?;
        let mut rows = reviewed.rows.as_slice();
        for project in projects {
            let of_project = |row: &&Compared<'_>| row.shown().is_some_and(|access| access.project == *project);
            let (here, rest) = rows.split_at(rows.iter().take_while(of_project).count());
            rows = rest;
            let strongest = |wanted: &dyn Fn(&Compared<'a>) -> bool| {
                let roles = here.iter().filter(|row| wanted(row)).filter_map(review::role);
                roles.max_by_key(|role| (rank(&ranks, *project, role), *role))
            };
            let has = strongest(&|row| row.mark != Mark::DesiredOnly);
            let Some(best) = has.or_else(|| strongest(&|_| true)) else {
                out.write_all(b"<td></td>")?;
                continue;
            };
            let (class, short) = match (role_class(best), has) {
                ((class, short), Some(_)) => (class, short.to_owned()),
                ((_, short), None) => ("planned", format!("+{short}")),
            };
            let mut title = String::new();
            for row in here {
                let Some(access) = row.shown() else { continue };
                let role = review::role(row).map_or("", |role| role.as_str());
                let difference = super::row_difference(row, reviewed.person.standing);
                let difference = if difference.is_empty() { String::new() } else { format!(" ({difference})") };
                let gap = if title.is_empty() { "" } else { "; " };
                // Writing to a `String` cannot fail.
                let _ = write!(title, "{gap}{role} {}{difference}", crate::render::access::by(&access.source.via));
            }
            let star = if has.is_none() || here.iter().all(|row| row.mark == Mark::Same) {
                ""
            } else {
                "<b class=\"differs\">*</b>"
            };
            let order = order(rank(&ranks, *project, best));
            write!(out, "<td class=\"{class}\" data-key=\"{order}\" title=\"{}\">{short}{star}</td>", text(&title))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// Whether a user is external or has not joined, beside the address.
fn tags(reviewed: &Reviewed<'_>) -> String {
    let external = (reviewed.external == Some(true)).then_some(" <span class=\"tag\">external</span>");
    let invited = reviewed.person.status.is_some_and(|status| status.is_invited());
    let invited = invited.then_some(" <span class=\"tag\">invited</span>");
    external.into_iter().chain(invited).collect()
}

/// The class and the two letters of a role.
fn role_class(role: &ProjectRole) -> (&'static str, &'static str) {
    match role {
        ProjectRole::BuiltIn(BuiltInRole::Owner) => ("owner", "ow"),
        ProjectRole::BuiltIn(BuiltInRole::Admin) => ("admin", "ad"),
        ProjectRole::BuiltIn(BuiltInRole::Analyst) => ("analyst", "an"),
        ProjectRole::BuiltIn(BuiltInRole::Consumer) => ("consumer", "co"),
        ProjectRole::Custom(_) => ("custom", "cu"),
    }
}

/// Every source of access, one a row.
fn write_rows(out: &mut dyn Write, review: &Review<'_>, sources: &Sources) -> io::Result<()> {
    let has_live = review.view.live.is_some();
    writeln!(out, "<h3>Every source of access</h3>\n<div class=\"frame\"><table class=\"rows\">\n<thead><tr>")?;
    let heads = [
        "user",
        "org role",
        "project",
        "role",
        "by",
        "since",
        "until",
        "reason",
        "ticket",
        "approved by",
        "sponsor",
        "last active",
        "written at",
        "difference",
    ];
    for head in heads.iter().filter(|head| has_live || **head != "difference") {
        write!(out, "<th scope=\"col\">{head}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    let ranks = review.view.desired.ranks();
    for reviewed in review.people() {
        let tags = tags(&reviewed);
        for row in &reviewed.rows {
            let Some(cells) = Cells::new(review.view, &reviewed, row, sources) else { continue };
            let Some(access) = row.found() else { continue };
            let keys = Keys {
                class: role_class(access.source.role).0,
                role: order(rank(&ranks, access.project, access.source.role)),
                org_role: org_order(reviewed.person.role),
            };
            write_row(out, &cells, &keys, &tags, has_live)?;
        }
    }
    writeln!(out, "</tbody></table></div>")
}

/// The place of a role among all, by rank, for sorting; those without a rank come last.
fn order(rank: Option<BuiltInRole>) -> usize {
    BuiltInRole::ALL.iter().position(|role| Some(*role) == rank).unwrap_or(BuiltInRole::ALL.len())
}

/// The place of an org role among all, for sorting.
fn org_order(role: Option<&OrgRole>) -> usize {
    OrgRole::ALL.iter().position(|known| Some(known) == role).unwrap_or(OrgRole::ALL.len())
}

/// By what a row is coloured and sorted.
struct Keys {
    class: &'static str,
    role: usize,
    org_role: usize,
}

fn write_row(out: &mut dyn Write, cells: &Cells<'_>, keys: &Keys, tags: &str, has_live: bool) -> io::Result<()> {
    let Keys { class, role, org_role } = keys;
    let faint = |words: &str| {
        if words.is_empty() { String::new() } else { format!("<br><span class=\"faint\">{}</span>", text(words)) }
    };
    let project = match (&*cells.project_name, &*cells.environment) {
        (name, "") if name == cells.project => String::new(),
        (name, "") => faint(name),
        (name, environment) if name.is_empty() || name == cells.project => faint(environment),
        (name, environment) => faint(&format!("{name}, {environment}")),
    };
    let by = match cells.via {
        "team" => format!("team {}", cells.team),
        other => via_name(other).to_owned(),
    };
    write!(out, "<tr><th scope=\"row\">{}{tags}{}</th>", text(&cells.user), faint(&cells.name))?;
    write!(out, "<td class=\"nowrap\" data-key=\"{org_role}\">{}</td>", text(&cells.org_role.replace('_', " ")))?;
    write!(out, "<td>{}{project}</td>", text(&cells.project))?;
    write!(out, "<td data-key=\"{role}\"><span class=\"role {class}\">{}</span></td>", text(&cells.role))?;
    let (since, until) = (text(&cells.since), text(&cells.until));
    write!(out, "<td>{}</td><td class=\"nowrap\">{since}</td><td class=\"nowrap\">{until}</td>", text(&by))?;
    write!(out, "<td class=\"why\">{}</td>", text(&cells.reason))?;
    for cell in [&*cells.ticket, &cells.approved_by, &cells.sponsor, &cells.last_active, &cells.places] {
        write!(out, "<td>{}</td>", text(cell))?;
    }
    if has_live {
        write!(out, "<td class=\"differs\">{}</td>", text(&cells.difference))?;
    }
    writeln!(out, "</tr>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_cannot_end_their_element() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }
}
