//! Text of strangers in Markdown: it mentions nobody, links nowhere, breaks no table and opens no HTML.
//!
//! Hosts of Markdown know more than the standard says: `@name`, `#12`, bare addresses and commits become links. In code
//! they are nothing but text, so whatever is more than plain words becomes code.

use std::borrow::Cow;

use super::visible;

/// Returns text for a sentence, a heading or a cell of a table: words as they are, anything else as code.
pub fn markdown(text: &str) -> Cow<'_, str> {
    let is_tight = text.trim() == text && !text.contains("  ");
    if is_tight && text.split([' ', ',', '(', ')']).all(is_word) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(code(text))
}

/// Whether a word is nothing but letters or nothing but digits, and no commit.
fn is_word(word: &str) -> bool {
    // A word of hexadecimal digits can be taken for a commit.
    let is_commit = word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
    (word.chars().all(|c| c.is_ascii_digit()) || word.chars().all(char::is_alphabetic)) && !is_commit
}

/// Returns text as code.
pub fn markdown_code(text: &str) -> String {
    code(text)
}

fn code(text: &str) -> String {
    // In a table a bar ends the cell, even in code, and an escaped one can be made a bare one by what stands before it.
    let text = visible(text).replace('|', "\\u{7c}");
    let fence = "`".repeat(longest_fence(&text) + 1);
    let gap = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// Returns a sentence in which names stand: word by word as [`markdown`] has it, so that the sentence stays one and every
/// name that could act is code. What stands between two backticks is a name, and so is what stands in double quotes and
/// has signs of a markup.
///
/// It may not begin a line: a number and a point there would begin a list.
pub fn markdown_sentence(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, quoted, after)) = quoted(rest) {
        push_sentence(&mut written, before);
        push_code(&mut written, quoted);
        rest = after;
    }
    push_sentence(&mut written, rest);
    written
}

/// The first part of `text` in double quotes that has signs of a markup, with what stands before and behind it. A quote
/// within it has a backslash.
fn quoted(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find('"').map(|at| from + at) {
        let mut is_escaped = false;
        let end = text[start + 1..].find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        })?;
        let end = start + 1 + end + 1;
        // A name in backticks may have quotes.
        let is_markup = text[start..end].contains(['`', '|', '<', '>', '[', ']', '\\']);
        if is_markup && text[..start].matches('`').count().is_multiple_of(2) {
            return Some((&text[..start], &text[start..end], &text[end..]));
        }
        from = end;
    }
    None
}

/// Appends a sentence in which nothing in quotes has signs of a markup.
fn push_sentence(written: &mut String, text: &str) {
    if !text.matches('`').count().is_multiple_of(2) {
        return push_words(written, text);
    }
    for (place, part) in text.split('`').enumerate() {
        if place.is_multiple_of(2) {
            push_words(written, part);
        } else if !part.is_empty() {
            push_code(written, part);
        }
    }
}

/// Appends code. Two pieces of code that touch would be read as one with other bounds.
fn push_code(written: &mut String, text: &str) {
    if written.ends_with('`') {
        written.push(' ');
    }
    written.push_str(&code(text));
}

/// Appends words as they are and what is between them as code; names of several words stay together.
fn push_words(written: &mut String, text: &str) {
    let mut pending: Vec<&str> = Vec::new();
    let flush = |written: &mut String, pending: &mut Vec<&str>| {
        if !pending.is_empty() {
            push_code(written, &pending.join(" "));
            pending.clear();
        }
    };
    for (place, token) in text.split(' ').enumerate() {
        let start = token.trim_start_matches(['(', '"']);
        let core = start.trim_end_matches([',', ';', ':', '.', ')', '"']);
        let (before, after) = (&token[..token.len() - start.len()], &start[core.len()..]);
        // What begins a line can begin a list there.
        let can_begin = written.trim().is_empty() && pending.is_empty() && before.is_empty();
        let is_plain = is_plain(core) && !(can_begin && is_number(core) && after.starts_with(['.', ')']));
        // Code goes on where nothing of the sentence stands between.
        if !is_plain && before.is_empty() && !pending.is_empty() {
            pending.push(core);
        } else {
            flush(written, &mut pending);
            if place > 0 && !written.ends_with(' ') {
                written.push(' ');
            }
            written.push_str(before);
            match (core, is_plain) {
                ("->", _) => written.push('→'),
                (_, true) => written.push_str(core),
                (_, false) => pending.push(core),
            }
        }
        if !after.is_empty() {
            flush(written, &mut pending);
            written.push_str(after);
        }
    }
    flush(written, &mut pending);
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// Whether a word of a sentence can stand as it is.
fn is_plain(core: &str) -> bool {
    match core {
        "" | "…" | "->" | "+" | "&" | "%" | "·" => true,
        number if is_number(number) => is_word(number),
        // Thousands.
        numbers if numbers.contains(',') => {
            let mut parts = numbers.split(',');
            let first = parts.next().unwrap_or_default();
            is_number(first) && first.len() <= 3 && parts.all(|part| is_number(part) && part.len() == 3)
        }
        // `e-mail` and `nobody's` are words, too; `OPS-12` is what a host may know.
        word if word.contains('-') => {
            word.split(['\'', '-']).all(|part| is_word(part) && part.starts_with(char::is_alphabetic))
        }
        word => word.split('\'').all(|part| !part.is_empty() && is_word(part)),
    }
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
    fn a_sentence_stays_one_and_names_are_code() {
        for (text, written) in [
            ("drops from admin to analyst on web: loses individual admin, keeps analyst", None),
            ("nobody's access to a project changes", None),
            (
                "no e-mail address, as OPS-12 -- or - nobody-else's",
                Some("no e-mail address, as `OPS-12 --` or `-` nobody-else's"),
            ),
            ("… and 9,412 more (3 to add, 1 escalation)", None),
            ("ana@acme.com and bo@acme.com, each", Some("`ana@acme.com` and `bo@acme.com`, each")),
            ("analyst -> admin on web-2.", Some("analyst → admin on `web-2`.")),
            ("team R&D | @everyone now", Some("team `R&D \\u{7c} @everyone` now")),
            ("\"X, keeps owner\" is [it](http://x.test)", Some("\"X, keeps owner\" is `[it](http://x.test`)")),
            ("only 1 owner, `ana@acme.com`; name a second", Some("only 1 owner, `ana@acme.com`; name a second")),
            ("`a``b`", Some("`a` `b`")),
            ("one ` alone", Some("one `` ` `` alone")),
            ("1. no list, #12 and deadbeef", Some("`1`. no list, `#12` and `deadbeef`")),
            ("12,34 and 1,2345 and :tada:", Some("`12,34` and `1,2345` and `:tada`:")),
            ("a\nb\u{202e}", Some("`a\\u{a}b\\u{202e}`")),
            ("all members (at least 3), no 7.", None),
            (" 3) no list", Some(" `3`) no list")),
            ("gains \"tick`s ``and`` (x)\" on web", Some("gains ```\"tick`s ``and`` (x)\"``` on web")),
            ("\"a\\\"`b\", \"c\" and \"`d`\"", Some("``\"a\\\"`b\"``, \"c\" and ``\"`d`\"``")),
            ("team \"| @org <img src=x> (x)\", with", Some("team `\"\\u{7c} @org <img src=x> (x)\"`, with")),
            ("role `x\"y` and `z\"`", Some("role `x\"y` and `z\"`")),
            ("one \"` alone", Some("one \"`` ` `` alone")),
        ] {
            assert_eq!(markdown_sentence(text), written.unwrap_or(text), "{text}");
        }
    }

    #[test]
    fn no_line_ends_the_block() {
        assert_eq!(markdown_block("a\nb"), "```text\na\nb\n```\n");
        assert_eq!(markdown_block("````\n\u{1b}"), "`````text\n````\n\\u{1b}\n`````\n");
    }
}
