//! Findings as workflow commands of GitHub, which shows them at their lines in a pull request.
//!
//! A command is a line that begins with `::`. What stands in it is escaped as the runner undoes it, and made visible
//! before, so that no text of strangers can end the command, begin another one, or be taken for a property.

use std::borrow::Cow;
use std::io::{self, Write};

use super::checkout::Checkout;
use super::text::count;
use super::visible;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::source::{Sources, Span};

/// The most of each kind that GitHub shows of one step.
const SHOWN: usize = 10;

/// The annotations of a run, as far as they are shown, the errors apart from the warnings.
#[derive(Debug)]
pub struct Annotations {
    checkout: Checkout,
    errors: Vec<String>,
    warnings: Vec<String>,
    more_errors: usize,
    more_warnings: usize,
}

impl Annotations {
    /// None yet, for files of `checkout`.
    pub fn new(checkout: Checkout) -> Self {
        Self { checkout, errors: Vec::new(), warnings: Vec::new(), more_errors: 0, more_warnings: 0 }
    }

    /// Takes findings in their order.
    pub fn add_findings(&mut self, findings: &[Diagnostic], sources: &Sources) {
        for finding in findings {
            self.add(finding.severity(), |checkout| of_finding(finding, sources, checkout));
        }
    }

    /// Takes something that is about a place in the configuration, or about none.
    pub fn add_remark(
        &mut self,
        severity: Severity,
        title: &str,
        message: &str,
        place: Option<Span>,
        sources: &Sources,
    ) {
        self.add(severity, |checkout| {
            let properties = place.map_or(String::new(), |span| at(span, sources, checkout));
            command(severity, &properties, title, message)
        });
    }

    /// Takes something that is about the run as a whole.
    pub fn add_problem(&mut self, title: &str, message: &str) {
        self.add(Severity::Error, |_| command(Severity::Error, "", title, message));
    }

    fn add(&mut self, severity: Severity, line: impl FnOnce(&Checkout) -> String) {
        let (kept, more) = match severity {
            Severity::Error => (&mut self.errors, &mut self.more_errors),
            Severity::Warning => (&mut self.warnings, &mut self.more_warnings),
        };
        if kept.len() < SHOWN {
            kept.push(line(&self.checkout));
        } else {
            *more += 1;
        }
    }

    /// Writes the most serious first, and how many more there are.
    ///
    /// # Errors
    /// Whatever the writer returns.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in self.errors.iter().chain(&self.warnings) {
            writeln!(out, "{line}")?;
        }
        let numbers = [(self.more_errors, "error"), (self.more_warnings, "warning")];
        let more: Vec<String> =
            numbers.into_iter().filter(|(more, _)| *more > 0).map(|(more, noun)| count(more, noun)).collect();
        if more.is_empty() {
            return Ok(());
        }
        let shown =
            format!("{} more: GitHub shows {SHOWN} of each kind, the log of this step has all", more.join(" and "));
        writeln!(out, "::notice title=accessctl::{}", escaped(&shown))
    }
}

fn of_finding(finding: &Diagnostic, sources: &Sources, checkout: &Checkout) -> String {
    let Diagnostic { code, message, place, notes, helps, cut_at: _ } = finding;
    let properties = match place {
        Place::Text { main, others: _ } => at(main.span, sources, checkout),
        Place::Path(path) => format!("file={}", property(checkout.place(path).path())),
        Place::Organization(_) => String::new(),
    };
    let mut said = visible(message).into_owned();
    for (what, more) in notes.iter().map(|note| ("note", note)).chain(helps.iter().map(|help| ("help", help))) {
        said.push_str(&format!("\n{what}: {}", visible(more)));
    }
    lines_command(finding.severity(), &properties, &format!("{}: {}", code.as_str(), code.title()), &said)
}

/// The properties that say where something is.
fn at(span: Span, sources: &Sources, checkout: &Checkout) -> String {
    let start = sources.position(span);
    let end = sources.position(Span { start: span.end, ..span });
    let file = property(checkout.place(start.path).path()).into_owned();
    let properties = format!("file={file},line={},endLine={}", start.line, end.line);
    // Columns are for what stands on one line.
    if start.line == end.line {
        format!("{properties},col={},endColumn={}", start.column, end.column.max(start.column))
    } else {
        properties
    }
}

/// A command with a message on one line.
fn command(severity: Severity, properties: &str, title: &str, message: &str) -> String {
    lines_command(severity, properties, title, &visible(message))
}

/// A command with a message that is visible already, and may have several lines.
fn lines_command(severity: Severity, properties: &str, title: &str, message: &str) -> String {
    let name = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let comma = if properties.is_empty() { "" } else { "," };
    format!("::{name} {properties}{comma}title={}::{}", property(title), escaped(message))
}

/// A value of a property.
fn property(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    if text.contains(['%', ':', ',']) {
        Cow::Owned(escaped(&text).replace(':', "%3A").replace(',', "%2C"))
    } else {
        text
    }
}

/// A message as it stands in a command.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{FileId, SourceFile};

    fn checkout() -> Checkout {
        Checkout { root: "/r".into(), working: "/r/access".into() }
    }

    fn written(annotations: &Annotations) -> String {
        let mut out = Vec::new();
        annotations.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finding_is_one_command_with_its_place() {
        let sources = Sources::new(vec![SourceFile::new("a,b.yaml", "users:\n  bö@b.io: x\n")]);
        let span = Span { file: FileId(0), start: 9, end: 17 };
        let finding = Diagnostic::at(Code::UnknownUser, span, "100% wrong", "").help("mend: it, please");
        let mut annotations = Annotations::new(checkout());
        annotations.add_findings(&[finding], &sources);
        annotations.add_problem("accessctl plan", "no way");
        assert_eq!(
            written(&annotations),
            "::error file=access/a%2Cb.yaml,line=2,endLine=2,col=3,endColumn=10,title=E0402%3A an e-mail is not declared \
             under `users`::100%25 wrong%0Ahelp: mend: it, please\n\
             ::error title=accessctl plan::no way\n"
        );
    }

    #[test]
    fn nothing_that_strangers_wrote_begins_a_command() {
        let sources = Sources::new(vec![SourceFile::new("x\n::set-env name=A::b\r\n::.yaml", "a: b")]);
        let hostile = "x\n::set-env name=PATH::/tmp\r\n::stop-commands::t\u{2028}::error::y ##[add-mask]z";
        let mut annotations = Annotations::new(checkout());
        let span = Span { file: FileId(0), start: 0, end: 1 };
        annotations
            .add_findings(&[Diagnostic::at(Code::Tag, span, hostile, hostile).note(hostile).help(hostile)], &sources);
        annotations.add_findings(&[Diagnostic::of_path(Code::Unreadable, hostile, hostile)], &sources);
        annotations.add_findings(&[Diagnostic::of_organization(Code::FewOwners, hostile, hostile)], &sources);
        annotations.add_remark(Severity::Warning, hostile, hostile, None, &sources);
        annotations.add_problem(hostile, hostile);
        let written = written(&annotations);
        assert_eq!(written.lines().count(), 5, "{written}");
        for line in written.lines() {
            assert!(line.starts_with("::error ") || line.starts_with("::warning "), "{line}");
            let (head, message) = line[2..].split_once("::").unwrap();
            let (_, properties) = head.split_once(' ').unwrap();
            let known = ["file", "line", "endLine", "col", "endColumn", "title"];
            for pair in properties.split(',') {
                let (name, value) = pair.split_once('=').unwrap();
                assert!(known.contains(&name) && !value.contains(':'), "{pair}");
            }
            // What the runner makes of it: no line of a message is a command either.
            let shown = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
            for shown in shown.lines() {
                assert!(!shown.trim_start().starts_with("::") && !shown.contains("##["), "{shown}");
            }
        }
    }

    #[test]
    fn the_most_serious_come_first_and_the_rest_is_counted() {
        let sources = Sources::default();
        let mut annotations = Annotations::new(checkout());
        let warnings: Vec<_> = (0..13).map(|n| Diagnostic::of_path(Code::FewOwners, format!("w{n}"), "w")).collect();
        let errors: Vec<_> = (0..11).map(|n| Diagnostic::of_path(Code::Unreadable, format!("e{n}"), "e")).collect();
        annotations.add_findings(&warnings, &sources);
        annotations.add_findings(&errors, &sources);
        let written = written(&annotations);
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines.len(), 21, "{written}");
        assert!(lines[..10].iter().all(|line| line.starts_with("::error file=access/e")), "{written}");
        assert!(lines[10..20].iter().all(|line| line.starts_with("::warning file=access/w")), "{written}");
        assert_eq!(
            lines[20],
            "::notice title=accessctl::1 error and 3 warnings more: GitHub shows 10 of each kind, the log of this step has all"
        );
    }
}
