//! What is said besides the changes, in sections: the text itself, taken apart by its indentation.

use std::io::{self, Write};

use anstream::adapter::strip_str;

use crate::plan::Plan;
use crate::render::Options;
use crate::render::text::{Ending, write_besides, write_ending};
use crate::source::Sources;

/// A heading with what belongs to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// The heading.
    pub(crate) title: String,
    /// What the section is about; may be empty.
    pub(crate) about: String,
    /// Its lines, each with how deep it stands.
    pub(crate) lines: Vec<(usize, String)>,
}

/// What there is to be said of `plan` besides the changes and what they do.
pub(crate) fn besides(plan: &Plan, sources: &Sources, verbose: bool) -> io::Result<Vec<Section>> {
    let text = captured(verbose, |out, options| write_besides(out, plan, sources, options))?;
    Ok(sections(&text, 2))
}

/// What of `plan` ends soon, and what is over.
pub(crate) fn ending(plan: &Plan, sources: &Sources, verbose: bool) -> io::Result<Vec<Section>> {
    let ending = Ending { org: &plan.org, as_of: plan.as_of, expiring: &plan.expiring };
    let text = captured(verbose, |out, options| write_ending(out, &[ending], sources, options))?;
    let mut sections = sections(&text, 0);
    for (_, line) in sections.iter_mut().flat_map(|section| &mut section.lines) {
        *line = parted(line);
    }
    Ok(sections)
}

/// A line with the gaps between its columns as points. Those in quotes are somebody's words.
fn parted(line: &str) -> String {
    let (mut parted, mut is_quoted) = (String::with_capacity(line.len()), false);
    for (place, part) in line.split('"').enumerate() {
        if place > 0 {
            parted.push('"');
        }
        if is_quoted {
            parted.push_str(part);
        } else {
            let mut words = part.to_owned();
            while words.contains("   ") {
                words = words.replace("   ", "  ");
            }
            parted.push_str(&words.replace("  ", " · "));
        }
        is_quoted = is_quoted == part.ends_with('\\');
    }
    parted
}

/// What `write` writes, without styles and with every paragraph on one line.
pub(crate) fn captured(
    verbose: bool,
    write: impl FnOnce(&mut dyn Write, Options) -> io::Result<()>,
) -> io::Result<String> {
    let mut text = Vec::new();
    write(&mut text, Options { width: usize::MAX / 4, verbose })?;
    let text = strip_str(&String::from_utf8_lossy(&text)).to_string();
    // Who reads this has no such flag at hand.
    Ok(text.replace("; -v shows all\n", "; see the full plan\n"))
}

/// Takes a text apart, of which headings stand `indent` columns in.
fn sections(text: &str, indent: usize) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        let words = line.trim_start_matches(' ');
        let depth = line.len() - words.len();
        match sections.last_mut() {
            _ if words.is_empty() => {}
            Some(section) if depth > indent => {
                section.lines.push((((depth - indent) / 2).saturating_sub(1), words.to_owned()))
            }
            Some(_) | None => {
                let (title, about) = words.split_once("  ").unwrap_or((words, ""));
                sections.push(Section { title: title.to_owned(), about: about.to_owned(), lines: Vec::new() });
            }
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_between_columns_become_points() {
        for (line, expected) in [
            (
                "2026-09-30 (in 9 days)   cy, member  \"a  b\"  x.yaml:1",
                "2026-09-30 (in 9 days) · cy, member · \"a  b\" · x.yaml:1",
            ),
            ("1 day    \"a \\\"  b\"  x.yaml:1", "1 day · \"a \\\"  b\" · x.yaml:1"),
            ("… and 3 more", "… and 3 more"),
        ] {
            assert_eq!(parted(line), expected);
        }
    }

    #[test]
    fn a_text_is_taken_apart_by_its_indentation() {
        let found = sections("\n  Kept  live things\n    1 user\n      a\n\n  Guards\n    BLOCKED by x\n", 2);
        let section = |title: &str, about: &str, lines: &[(usize, &str)]| Section {
            title: title.to_owned(),
            about: about.to_owned(),
            lines: lines.iter().map(|(depth, text)| (*depth, (*text).to_owned())).collect(),
        };
        let expected =
            [section("Kept", "live things", &[(0, "1 user"), (1, "a")]), section("Guards", "", &[(0, "BLOCKED by x")])];
        assert_eq!(found, expected);
    }
}
