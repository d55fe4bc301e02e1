//! The texts of a run and places in them.
//!
//! Everything that was written by people is pointed at with a [`Span`]: a file and a range of bytes, 12 bytes in all,
//! so that every fact of a large configuration can keep its place. Lines and columns are worked out only when they are
//! shown.

use std::sync::OnceLock;

/// A file among the [`Sources`] of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in a file. Ordered by file, then by start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file; files are numbered in the order of their paths.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place as people and editors write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position<'a> {
    /// Path of the file as it was found below the path that the user gave, with `/` between parts.
    pub path: &'a str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One file of configuration, read whole.
#[derive(Debug)]
pub struct SourceFile {
    /// Path as shown to people.
    pub path: String,
    /// Its text, without a byte-order mark.
    pub text: String,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// A file called `path` that holds `text`.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), line_starts: OnceLock::new() }
    }

    /// The byte at which each line starts; the first is 0.
    pub fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let after_breaks = self.text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
            std::iter::once(0).chain(after_breaks).collect()
        })
    }

    /// The index, from 0, of the line that holds the byte at `offset`.
    pub fn line_index(&self, offset: u32) -> usize {
        self.line_starts().partition_point(|start| *start <= offset).saturating_sub(1)
    }
}

/// The files of a run, sorted by path so that the order in which they were found never matters.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    lacks_files: bool,
}

impl Sources {
    /// Takes the files of a run and puts them in order.
    pub fn new(mut files: Vec<SourceFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files, lacks_files: false }
    }

    /// As [`Sources::new`], for the files that could be read of a run in which others could not.
    pub fn part(files: Vec<SourceFile>) -> Self {
        Self { lacks_files: true, ..Self::new(files) }
    }

    /// The same files in the same order, so that every [`Span`] means the same place, with other paths and texts. The text
    /// of a file must have as many bytes in the same lines.
    pub(crate) fn with(&self, path: impl Fn(&str) -> String, text: impl Fn(&str) -> String) -> Self {
        let files = self.files.iter().map(|file| SourceFile::new(path(&file.path), text(&file.text)));
        Self { files: files.collect(), lacks_files: self.lacks_files }
    }

    /// Whether files of the run could not be read, so that a name which is found nowhere may stand in one of them.
    pub fn lacks_files(&self) -> bool {
        self.lacks_files
    }

    /// The files with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// The files, in order; a file's index is its [`FileId`].
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The file `id`, which must be of these sources.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The text that `span` covers.
    pub fn text(&self, span: Span) -> &str {
        let text = &self.file(span.file).text;
        text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Where `span` starts.
    pub fn position(&self, span: Span) -> Position<'_> {
        let file = self.file(span.file);
        let index = file.line_index(span.start);
        let line_start = file.line_starts()[index] as usize;
        let before = file.text.get(line_start..span.start as usize).unwrap_or("");
        Position { path: &file.path, line: index + 1, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let sources = Sources::new(vec![SourceFile::new("b.yaml", "x"), SourceFile::new("a.yaml", "é: 1\r\nü: ana\n")]);
        let file = FileId(0);
        let start = sources.file(file).text.find("ana").unwrap() as u32;
        let span = Span { file, start, end: start + 3 };
        assert_eq!(sources.text(span), "ana");
        assert_eq!(sources.position(span), Position { path: "a.yaml", line: 2, column: 4 });
        let first = Span { file, start: 0, end: 2 };
        assert_eq!(sources.position(first), Position { path: "a.yaml", line: 1, column: 1 });
    }
}
