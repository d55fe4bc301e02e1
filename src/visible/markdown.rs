//! Text of strangers in Markdown: it mentions nobody, links nowhere, breaks no table and opens no HTML.
//!
//! Hosts of Markdown know more than the standard says: `@name`, `#12`, bare addresses and commits become links. In code
//! they are nothing but text, so whatever is more than plain words becomes code.

use std::borrow::Cow;

use super::visible;

/// Returns text for a sentence, a heading or a cell of a table: words as they are, anything else as code.
pub fn markdown(text: &str) -> Cow<'_, str> {
    // A word of hexadecimal digits can be taken for a commit.
    let is_commit = |word: &str| word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
    let is_word = |word: &str| {
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        (is_number || word.chars().all(char::is_alphabetic)) && !is_commit(word)
    };
    let is_tight = text.trim() == text && !text.contains("  ");
    if is_tight && text.split([' ', ',', '(', ')']).all(is_word) {
        return Cow::Borrowed(text);
    }
    // In a table a bar ends the cell, even in code, and an escaped one can be made a bare one by what stands before it.
    let text = visible(text).replace('|', "\\u{7c}");
    let fence = "`".repeat(longest_fence(&text) + 1);
    let gap = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    Cow::Owned(format!("{fence}{gap}{text}{gap}{fence}"))
}

/// Returns lines as a block of code, of which every line ends with a line break. No line of it can end the block.
pub fn markdown_block(lines: &str) -> String {
    let fence = "`".repeat((longest_fence(lines) + 1).max(3));
    let mut block = format!("{fence}text\n");
    for line in lines.lines() {
        block.push_str(&visible(line));
        block.push('\n');
    }
    block.push_str(&fence);
    block.push('\n');
    block
}

/// The longest run of backticks.
fn longest_fence(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_act_is_code() {
        for (text, written) in [
            ("Ana Ruiz", "Ana Ruiz"),
            ("1,234 users (2 external)", "1,234 users (2 external)"),
            ("GH12", "`GH12`"),
            ("1234567", "`1234567`"),
            ("", ""),
            ("@everyone", "`@everyone`"),
            ("ana@acme.com", "`ana@acme.com`"),
            ("a|b", "`a\\u{7c}b`"),
            ("a\\|b", "`a\\\\u{7c}b`"),
            ("<script>", "`<script>`"),
            ("[x](http://evil.test)", "`[x](http://evil.test)`"),
            ("#12", "`#12`"),
            ("OPS-12", "`OPS-12`"),
            ("deadbeef", "`deadbeef`"),
            ("`a``b", "``` `a``b ```"),
            ("a\nb", "`a\\u{a}b`"),
        ] {
            assert_eq!(markdown(text), written, "{text}");
        }
    }

    #[test]
    fn no_line_ends_the_block() {
        assert_eq!(markdown_block("a\nb"), "```text\na\nb\n```\n");
        assert_eq!(markdown_block("````\n\u{1b}"), "`````text\n````\n\\u{1b}\n`````\n");
    }
}
