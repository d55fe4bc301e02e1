//! Findings as text, in the manner of rustc.
//!
//! The rendering library is given a few short lines, never a file: a finding in a file of 50 MB, or on a line of 50 MB,
//! costs what a finding in a small file costs. The lines are made visible first, with the marks moved along.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::text::{count, list, thousands};
use super::{Options, visible};
use crate::diagnostic::{Code, Diagnostic, Label, Place, Severity, cut_at};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::visible::push_visible;

/// Findings shown before the rest is counted.
const SHOWN: usize = 100;
/// Bytes of a line that are shown before and after the start of a mark.
const BEFORE: usize = 120;
const AFTER: usize = 240;
/// Lines between two marks that are shown in one frame.
const NEAR: usize = 6;

/// Writes `findings` and a line that counts them. Nothing is written when there are none.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_findings(
    out: &mut dyn Write,
    findings: &[Diagnostic],
    sources: &Sources,
    options: Options,
) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let renderer = Renderer::styled().term_width(options.width.max(60));
    let shown = if options.verbose { findings.len() } else { SHOWN };
    // Errors come first when not all are shown: a hundred warnings must not hide what refuses the configuration.
    let (errors, warnings): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| finding.severity() == Severity::Error);
    let order: Vec<&Diagnostic> = if findings.len() > shown {
        errors.iter().chain(&warnings).copied().take(shown).collect()
    } else {
        findings.iter().collect()
    };
    for finding in &order {
        let (group, places) = report(finding, sources);
        let rendered = with_places(&renderer.render(&[group]), &places);
        let rendered = if matches!(finding.place, Place::Text { .. }) { rendered } else { with_margin(&rendered) };
        writeln!(out, "{rendered}\n")?;
    }
    let hidden = findings.len() - order.len();
    let numbers = numbers(findings);
    let level = if errors.is_empty() { Level::WARNING } else { Level::ERROR };
    let places = files(findings, sources).len();
    let places = if places == 0 { String::new() } else { format!(" in {}", count(places, "file")) };
    let cut = [Severity::Error, Severity::Warning].into_iter().filter_map(|severity| cut_at(findings, severity)).max();
    let what = if cut.is_none() { "all" } else { "them" };
    let more = if hidden == 0 { String::new() } else { format!("; {} not shown, -v shows {what}", thousands(hidden)) };
    let cut = cut.map_or(String::new(), |most| format!("; only the first {} of a kind are told", thousands(most)));
    let text = format!("{}{places}{more}{cut}", list(&numbers));
    writeln!(out, "{}", renderer.render(&[Group::with_title(level.primary_title(text))]))
}

/// How many errors and warnings there are, in words; where more were found than are told, the least that there can be.
pub(crate) fn numbers(findings: &[Diagnostic]) -> Vec<String> {
    let of = |(severity, noun)| {
        let number = findings.iter().filter(|finding| finding.severity() == severity).count();
        let or_more = cut_at(findings, severity).map_or("", |_| " or more");
        (number > 0).then(|| match number {
            1 if or_more.is_empty() => format!("1 {noun}"),
            number => format!("{}{or_more} {noun}s", thousands(number)),
        })
    };
    [(Severity::Error, "error"), (Severity::Warning, "warning")].into_iter().filter_map(of).collect()
}

/// The files and folders that `findings` are in.
pub(crate) fn files<'a>(findings: &'a [Diagnostic], sources: &'a Sources) -> BTreeSet<&'a str> {
    findings
        .iter()
        .filter_map(|finding| match &finding.place {
            Place::Text { main, others: _ } => Some(sources.file(main.span.file).path.as_str()),
            // There is no such file, or no file in the folder.
            Place::Path(_) if matches!(finding.code, Code::PathMissing | Code::NoYaml) => None,
            Place::Path(path) => Some(path),
            Place::Organization(_) => None,
        })
        .collect()
}

/// Moves what stands below the title to where it is below one with a line number: without a line the library leaves no
/// margin.
fn with_margin(rendered: &str) -> String {
    rendered.replace('\n', "\n ")
}

/// Stands for the place of a frame until the frame is rendered: the library counts columns in the lines that it is
/// given, which are not those of the file where something was escaped or cut. Visible text never holds it.
const PLACE: char = '\u{f8ff}';

/// Puts the `places` where the library wrote the marker, the number of the frame and its own line and column.
fn with_places(rendered: &str, places: &[String]) -> String {
    let mut parts = rendered.split(PLACE);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let counted = part.find(|c: char| c != ':' && !c.is_ascii_digit()).unwrap_or(part.len());
        let number = part[..counted].split(':').next().and_then(|number| number.parse::<usize>().ok());
        text.push_str(number.and_then(|number| places.get(number)).map_or("", String::as_str));
        text.push_str(&part[counted..]);
    }
    text
}

/// The finding for the library, and the places of its frames.
fn report<'a>(finding: &Diagnostic, sources: &Sources) -> (Group<'a>, Vec<String>) {
    let level = match finding.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(visible(&finding.message).into_owned()).id(finding.code.as_str());
    let mut elements: Vec<Element<'a>> = Vec::new();
    let mut places = Vec::new();
    match &finding.place {
        Place::Text { main, others } => {
            for frame in frames(main, others, sources) {
                let (place, snippet) = frame.snippet(main.span, sources);
                elements.push(snippet.path(format!("{PLACE}{}", places.len())).into());
                places.push(place);
            }
        }
        Place::Path(path) => elements.push(Origin::path(visible(path).into_owned()).into()),
        Place::Organization(org) => {
            elements.push(Origin::path(format!("organization {}", super::visible_name(org))).into());
        }
    }
    elements.extend(finding.notes.iter().map(|note| Level::NOTE.message(visible(note).into_owned()).into()));
    elements.extend(finding.helps.iter().map(|help| Level::HELP.message(visible(help).into_owned()).into()));
    (title.elements(elements), places)
}

/// Lines of one file that are shown together, with the marks on them.
struct Frame<'l> {
    file: FileId,
    lines: Range<usize>,
    labels: Vec<(&'l Label, bool)>,
}

/// Sorts the labels into frames; the one with the main label comes first.
fn frames<'l>(main: &'l Label, others: &'l [Label], sources: &Sources) -> Vec<Frame<'l>> {
    let mut labels: Vec<(&Label, bool)> = others.iter().map(|label| (label, false)).collect();
    labels.push((main, true));
    labels.sort_by_key(|(label, _)| label.span);
    let mut frames: Vec<Frame<'l>> = Vec::new();
    for (label, is_main) in labels {
        let line = sources.file(label.span.file).line_index(label.span.start);
        match frames.last_mut() {
            Some(last) if last.file == label.span.file && line <= last.lines.end + NEAR => {
                last.lines.end = last.lines.end.max(line + 1);
                last.labels.push((label, is_main));
            }
            Some(_) | None => {
                let labels = vec![(label, is_main)];
                frames.push(Frame { file: label.span.file, lines: line..line + 1, labels });
            }
        }
    }
    frames.sort_by_key(|frame| !frame.labels.iter().any(|(_, is_main)| *is_main));
    frames
}

impl Frame<'_> {
    /// The place of the frame and its lines with their marks.
    fn snippet<'a>(&self, main: Span, sources: &Sources) -> (String, Snippet<'a, Annotation<'a>>) {
        let file = sources.file(self.file);
        let first = self.labels.iter().find(|(_, is_main)| *is_main).or(self.labels.first());
        let position = sources.position(first.map_or(main, |(label, _)| label.span));
        let place = format!("{}:{}:{}", visible(position.path), position.line, position.column);
        let mut text = String::new();
        let mut annotations = Vec::new();
        for index in self.lines.clone() {
            if index > self.lines.start {
                text.push('\n');
            }
            let line = line_range(file, index);
            let on_line: Vec<_> =
                self.labels.iter().filter(|(label, _)| file.line_index(label.span.start) == index).collect();
            let window = window(file, line.clone(), on_line.iter().map(|(label, _)| label.span.start as usize));
            let shown = Shown::of(&file.text, line, window, text.len());
            for (label, is_main) in on_line {
                let kind = if *is_main { AnnotationKind::Primary } else { AnnotationKind::Context };
                let range = shown.range(label.span.start as usize..label.span.end as usize);
                let mut annotation = kind.span(range);
                if !label.text.is_empty() {
                    annotation = annotation.label(visible(&label.text).into_owned());
                }
                annotations.push(annotation);
            }
            text.push_str(&shown.text);
        }
        let snippet = Snippet::source(text).line_start(self.lines.start + 1).annotations(annotations);
        (place, snippet)
    }
}

/// The bytes of a line without its line break.
fn line_range(file: &SourceFile, index: usize) -> Range<usize> {
    let starts = file.line_starts();
    let start = starts.get(index).map_or(file.text.len(), |start| *start as usize);
    let end = starts.get(index + 1).map_or(file.text.len(), |next| (*next as usize).saturating_sub(1));
    let end = if end > start && file.text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end };
    start..end.max(start)
}

/// The part of a line that is shown: all of it, or what surrounds the marks on it.
fn window(file: &SourceFile, line: Range<usize>, marks: impl Iterator<Item = usize>) -> Range<usize> {
    let (mut first, mut last) = (usize::MAX, line.start);
    for mark in marks {
        first = first.min(mark);
        // Marks that are too far from the first one on an endless line are shown at the end of what is shown.
        last = last.max(mark);
    }
    let first = if first == usize::MAX { line.start } else { first.clamp(line.start, line.end) };
    let last = last.min(first + AFTER);
    let start = if first - line.start <= BEFORE { line.start } else { first - BEFORE };
    let end = line.end.min(last + AFTER);
    boundary(&file.text, start)..boundary(&file.text, end)
}

/// The character boundary at or before `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A part of a line made visible, which remembers where each character went.
struct Shown {
    text: String,
    /// Offsets in the file and in the shown text, ascending.
    places: Vec<(usize, usize)>,
}

impl Shown {
    /// Shows `window` of `line`; the shown text will stand at the byte `at` of the frame.
    fn of(file: &str, line: Range<usize>, window: Range<usize>, at: usize) -> Self {
        let mut shown = Self { text: String::new(), places: Vec::new() };
        if window.start > line.start {
            shown.text.push_str("...");
        }
        for (offset, character) in file[window.clone()].char_indices() {
            shown.places.push((window.start + offset, at + shown.text.len()));
            if character == '\t' {
                shown.text.push_str("    ");
            } else {
                push_visible(&mut shown.text, file, window.start + offset);
            }
        }
        shown.places.push((window.end, at + shown.text.len()));
        if window.end < line.end {
            shown.text.push_str("...");
        }
        shown
    }

    /// Where a range of the file is in the frame; never beyond the line, never inside a character.
    fn range(&self, range: Range<usize>) -> Range<usize> {
        let find = |offset: usize| {
            let index = self.places.partition_point(|(place, _)| *place < offset).min(self.places.len() - 1);
            self.places[index].1
        };
        let start = find(range.start);
        start..find(range.end).max(start)
    }
}
