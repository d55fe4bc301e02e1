//! JSON that is inert on a terminal too: what acts or cannot be seen is escaped, which means the same to a reader.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::{begins_command, is_unsafe};

/// Writes `value` as one line of JSON, without the line break.
pub(crate) fn write_json<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Inert))?;
    Ok(())
}

/// Writes `value` as JSON on several lines, without the last line break: the outer levels are laid out, and what stands
/// deeper takes one line for each entry, so that two documents can be compared line by line.
pub(crate) fn write_json_lines<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Lines::default()))?;
    Ok(())
}

/// Compact JSON in which no character acts on a terminal.
struct Inert;

impl Formatter for Inert {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_inert(writer, fragment)
    }
}

/// How many levels are laid out on several lines; of the next one, only lists are.
const LAID_OUT: usize = 3;

/// JSON on several lines in which no character acts on a terminal.
#[derive(Default)]
struct Lines {
    /// The lists and objects that are open.
    open: Vec<Level>,
}

/// A list or object that is being written.
struct Level {
    is_laid_out: bool,
    is_empty: bool,
}

impl Lines {
    fn begin<W: ?Sized + Write>(&mut self, writer: &mut W, is_list: bool) -> io::Result<()> {
        let outer = self.open.len();
        let is_laid_out = outer < LAID_OUT || (outer == LAID_OUT && is_list);
        self.open.push(Level { is_laid_out, is_empty: true });
        writer.write_all(if is_list { b"[" } else { b"{" })
    }

    fn entry<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        if !is_first {
            writer.write_all(b",")?;
        }
        let depth = self.open.len();
        match self.open.last_mut() {
            Some(level) if level.is_laid_out => {
                level.is_empty = false;
                break_line(writer, depth)
            }
            Some(_) | None => Ok(()),
        }
    }

    fn end<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.open.pop().is_some_and(|level| level.is_laid_out && !level.is_empty) {
            break_line(writer, self.open.len())?;
        }
        writer.write_all(bracket)
    }
}

fn break_line<W: ?Sized + Write>(writer: &mut W, depth: usize) -> io::Result<()> {
    writer.write_all(b"\n")?;
    (0..depth).try_for_each(|_| writer.write_all(b"  "))
}

impl Formatter for Lines {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_inert(writer, fragment)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, true)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.entry(writer, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, false)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.entry(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let is_laid_out = self.open.last().is_some_and(|level| level.is_laid_out);
        writer.write_all(if is_laid_out { b": " } else { b":" })
    }
}

fn write_inert<W: ?Sized + Write>(writer: &mut W, fragment: &str) -> io::Result<()> {
    let mut rest = fragment;
    // A document stands on a line of its own, so that only what is a command anywhere could be one.
    let is_hash_of_command = |text: &str, at: usize| text[at..].starts_with('#') && begins_command(text, at);
    let find = |text: &str| match text.find("##") {
        None => text.find(is_unsafe),
        Some(_) => text.char_indices().find(|(at, c)| is_unsafe(*c) || is_hash_of_command(text, *at)).map(|(at, _)| at),
    };
    while let Some(at) = find(rest) {
        let (before, from) = rest.split_at(at);
        writer.write_all(before.as_bytes())?;
        let mut characters = from.chars();
        if let Some(character) = characters.next() {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        rest = characters.as_str();
    }
    writer.write_all(rest.as_bytes())
}
