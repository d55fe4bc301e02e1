//! Text of strangers, made inert.
//!
//! Anyone who can rename a team or write a pull request chooses text that this program prints. Escape sequences could
//! rewrite a terminal, bidirectional marks could reverse what a reviewer reads, invisible characters could make two
//! names look like one. The log of a CI system is read for commands by whoever runs the job: a word of a name that begins
//! with `::` could come to stand at the beginning of a line, and `##[` is a command wherever it stands. Everything that
//! prints a name goes through this module.

mod json;
mod markdown;

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

pub(crate) use json::{write_json, write_json_lines};
pub use markdown::{markdown, markdown_block, markdown_code, markdown_sentence};

/// Returns `text` with everything that acts on a terminal, reorders or cannot be seen written as `\u{…}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    let may_command = text.contains("::") || text.contains("##") || text.ends_with(':');
    let Some(first) = (if may_command { Some(0) } else { text.find(is_unsafe) }) else {
        return Cow::Borrowed(text);
    };
    let mut shown = String::with_capacity(text.len() + 16);
    shown.push_str(&text[..first]);
    for (at, _) in text[first..].char_indices() {
        push_visible(&mut shown, text, first + at);
    }
    // What looked like a command may be none.
    if may_command && shown == text { Cow::Borrowed(text) } else { Cow::Owned(shown) }
}

/// Appends the character of `text` at the byte `at`, escaped where it is unsafe or begins a command.
pub(crate) fn push_visible(shown: &mut String, text: &str, at: usize) {
    let Some(character) = text[at..].chars().next() else { return };
    if is_unsafe(character) || begins_command(text, at) {
        // Writing to a `String` cannot fail.
        let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
    } else {
        shown.push(character);
    }
}

/// Whether a runner of jobs takes what stands at the byte `at` of `text` for the beginning of a command: `::` where a line
/// begins, which may be every word of a text that is laid out; and `##[`, `##vso[` and the like anywhere.
pub(crate) fn begins_command(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    match rest.as_bytes() {
        // What a name ends with may be followed by a colon of ours.
        [b':', b':', ..] | [b':'] => text[..at].chars().next_back().is_none_or(char::is_whitespace),
        [b'#', b'#', ..] => {
            let word = rest.trim_start_matches('#');
            word.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[')
        }
        _ => false,
    }
}

/// Words of our sentences that stand beside names.
const OURS: [&str; 21] = [
    "all", "and", "becomes", "by", "everyone", "from", "gains", "keeps", "like", "longer", "loses", "more", "no",
    "nobody", "none", "not", "nothing", "on", "or", "through", "to",
];

/// Returns a name as it stands in a sentence: visible, and in double quotes unless it is plain enough that nobody can
/// take a part of it for words of the sentence.
pub fn visible_name(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || " _-.+@&/#'".contains(c);
    let is_plain = !name.is_empty()
        && name.chars().all(plain)
        && name.starts_with(|c: char| c.is_alphanumeric())
        && !name.ends_with(' ')
        && !name.contains("  ")
        && !name.split(' ').any(|word| OURS.contains(&word))
        && name.len() <= 80;
    let shown = visible(name);
    if is_plain && matches!(shown, Cow::Borrowed(_)) {
        shown
    } else {
        Cow::Owned(format!("\"{}\"", shown.replace('"', "\\\"")))
    }
}

/// Returns `text`, visible and cut to at most `columns` columns of a terminal, with `…` where it was cut.
pub fn visible_within_width(text: &str, columns: usize) -> Cow<'_, str> {
    let shown = visible(text);
    if width(&shown) <= columns {
        return shown;
    }
    let mut cut = String::new();
    let mut used = 1;
    for character in shown.chars() {
        let wide = unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
        if used + wide > columns {
            break;
        }
        used += wide;
        cut.push(character);
    }
    cut.push('…');
    Cow::Owned(cut)
}

/// The columns that visible text takes on a terminal.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// Whether a character acts, reorders, or cannot be told from nothing or from a plain space.
pub(crate) fn is_unsafe(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    matches!(character,
        // C1 controls, the no-break space, the soft hyphen.
        '\u{80}'..='\u{a0}' | '\u{ad}'
        // Joiners, fillers and marks that take no room.
        | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{ffa0}'
        // Spaces of other widths; zero width and direction marks; separators, overrides, isolates.
        | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
        // The blank braille pattern, variation selectors, the byte-order mark, interlinear marks.
        | '\u{2800}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        // Private use and what is no character.
        | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}'..='\u{ffff}'
        // Invisible format controls of shorthand and music, tags, further planes for private use.
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_or_hides_is_escaped() {
        assert_eq!(visible("Ana Ruiz 東京 ñ"), "Ana Ruiz 東京 ñ");
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(visible("\n\t\r\u{7f}\u{9b}"), "\\u{a}\\u{9}\\u{d}\\u{7f}\\u{9b}");
        assert_eq!(visible("x\u{202e}y\u{2066}z\u{200b}"), "x\\u{202e}y\\u{2066}z\\u{200b}");
        assert_eq!(visible("\u{feff}\u{e000}\u{2028}\u{1ffff}"), "\\u{feff}\\u{e000}\\u{2028}\\u{1ffff}");
    }

    #[test]
    fn no_word_begins_a_command_of_a_runner() {
        assert_eq!(visible("::error::x"), "\\u{3a}:error::x");
        assert_eq!(visible("a ::stop-commands::b"), "a \\u{3a}:stop-commands::b");
        assert_eq!(visible("R&D::Growth, a:: b"), "R&D::Growth, a:: b");
        assert_eq!(visible(":::"), "\\u{3a}::");
        assert_eq!(visible("a :"), "a \\u{3a}");
        assert_eq!(visible(":a:"), ":a:");
        assert_eq!(visible("x##[add-mask]y"), "x\\u{23}#[add-mask]y");
        assert_eq!(visible("###vso[task]"), "\\u{23}\\u{23}#vso[task]");
        assert_eq!(visible("## heading [1]"), "## heading [1]");
        assert!(matches!(visible("a::b ## c"), Cow::Borrowed(_)));
        assert_eq!(visible_name("x ::y"), "\"x \\u{3a}:y\"");
    }

    #[test]
    fn names_that_could_be_read_as_words_are_quoted() {
        assert_eq!(visible_name("Product Analysts"), "Product Analysts");
        assert_eq!(visible_name("R&D / Growth"), "R&D / Growth");
        assert_eq!(visible_name("X, keeps owner"), "\"X, keeps owner\"");
        assert_eq!(visible_name("Data and owner like everyone"), "\"Data and owner like everyone\"");
        assert_eq!(visible_name("nothing"), "\"nothing\"");
        assert_eq!(visible_name("No Data"), "No Data");
        assert_eq!(visible_name("--help"), "\"--help\"");
        assert_eq!(visible_name("a \"b\""), "\"a \\\"b\\\"\"");
        assert_eq!(visible_name("a\u{1b}"), "\"a\\u{1b}\"");
    }

    #[test]
    fn cutting_counts_columns() {
        assert_eq!(visible_within_width("abcdef", 6), "abcdef");
        assert_eq!(visible_within_width("abcdef", 5), "abcd…");
        assert_eq!(visible_within_width("東京東京", 6), "東京…");
    }
}
