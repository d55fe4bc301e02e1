//! Styled lines that know their width.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::render::width;

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const TITLE: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const ALARM: Style = AnsiColor::Magenta.on_default().bold();
pub(crate) const PROPOSED: Style = AnsiColor::Cyan.on_default().bold();
pub(crate) const ADDED: Style = AnsiColor::Green.on_default();
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();

/// One line of output under construction. Texts pushed to it are visible already.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pieces: Vec<(Style, String)>,
    width: usize,
}

impl Line {
    pub(crate) fn indented(columns: usize) -> Self {
        let mut line = Self::default();
        line.pad_to(columns);
        line
    }

    pub(crate) fn push(&mut self, style: Style, text: &str) -> &mut Self {
        self.width += width(text);
        self.pieces.push((style, text.to_owned()));
        self
    }

    pub(crate) fn pad_to(&mut self, column: usize) -> &mut Self {
        if let Some(missing) = column.checked_sub(self.width).filter(|missing| *missing > 0) {
            self.push(PLAIN, &" ".repeat(missing));
        }
        self
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    fn ends_with_space(&self) -> bool {
        self.pieces.last().is_some_and(|(_, text)| text.ends_with(' '))
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut merged: Vec<(Style, String)> = Vec::new();
        for (style, text) in self.pieces.iter().filter(|(_, text)| !text.is_empty()) {
            match merged.last_mut() {
                Some((last, before)) if last == style => before.push_str(text),
                Some(_) | None => merged.push((*style, text.clone())),
            }
        }
        // A line that was broken after a gap ends with it.
        let is_blank = |text: &str| text.bytes().all(|byte| byte == b' ');
        let end = merged.iter().rposition(|(_, text)| !is_blank(text)).map_or(0, |last| last + 1);
        for (index, (style, text)) in merged[..end].iter().enumerate() {
            let text = if index + 1 == end { text.trim_end_matches(' ') } else { text };
            if *style == PLAIN || is_blank(text) {
                write!(out, "{text}")?;
            } else {
                // Blanks at the ends of a styled text show nothing of it.
                let inner = text.trim_matches(' ');
                let start = text.len() - text.trim_start_matches(' ').len();
                let (before, after) = (&text[..start], &text[start + inner.len()..]);
                write!(out, "{before}{style}{inner}{style:#}{after}")?;
            }
        }
        writeln!(out)
    }
}

/// Writes pieces of text as one paragraph that starts at `indent` and goes on two columns further in.
pub(crate) fn write_paragraph(
    out: &mut dyn Write,
    indent: usize,
    columns: usize,
    pieces: &[(Style, &str)],
) -> io::Result<()> {
    let mut fill = Fill::new(Line::indented(indent), indent + 2, columns);
    for (style, text) in pieces {
        fill.words(*style, text);
    }
    fill.finish().iter().try_for_each(|line| line.write(out))
}

/// Fills lines with text, breaking between words only: never inside an e-mail or a name without spaces.
#[derive(Debug)]
pub(crate) struct Fill {
    lines: Vec<Line>,
    /// Where every line but the first starts.
    hang: usize,
    columns: usize,
    /// Whether the current line holds nothing but what it started with.
    fresh: bool,
}

impl Fill {
    /// Starts after `first`, which may hold a prefix already.
    pub(crate) fn new(first: Line, hang: usize, columns: usize) -> Self {
        Self { lines: vec![first], hang, columns, fresh: true }
    }

    fn current(&mut self) -> &mut Line {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    fn room(&mut self) -> usize {
        let columns = self.columns;
        columns.saturating_sub(self.current().width())
    }

    fn next_line(&mut self) {
        self.lines.push(Line::indented(self.hang));
        self.fresh = true;
    }

    /// Adds a piece after a gap of two spaces: on this line if all of it fits, else on a line of its own, broken
    /// between words where even that is too short.
    pub(crate) fn piece(&mut self, style: Style, text: &str) {
        let gap = if self.fresh { 0 } else { 2 };
        if gap + width(text) > self.room() && (!self.fresh || self.current().width() > self.hang) {
            self.next_line();
        } else if gap > 0 {
            self.current().push(PLAIN, "  ");
        }
        self.words(style, text);
    }

    /// Adds text word by word, going on where the line is full.
    pub(crate) fn words(&mut self, style: Style, text: &str) {
        if width(text) <= self.room() {
            self.current().push(style, text);
            self.fresh = false;
            return;
        }
        let mut first = true;
        for word in text.split(' ') {
            let gap = usize::from(!first);
            // A first word may be broken off only from a space: what stands before it may be its own beginning.
            let can_break = !self.fresh && (!first || self.current().ends_with_space());
            if can_break && gap + width(word) > self.room() {
                self.next_line();
            } else if gap > 0 {
                self.current().push(style, " ");
            }
            self.current().push(style, word);
            self.fresh = false;
            first = false;
        }
    }

    /// Columns free on a line of its own.
    pub(crate) fn line_room(&self) -> usize {
        self.columns.saturating_sub(self.hang)
    }

    pub(crate) fn finish(self) -> Vec<Line> {
        self.lines
    }
}
