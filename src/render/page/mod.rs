//! What the pages have in common: complete in one file, no network, no fonts, and no script to be read or printed.
//!
//! A page says by its content security policy that nothing but its own style and script may act in it, so that even a
//! text that got through unescaped could not.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::visible;

/// The frame of a page.
pub(super) struct Page<'p> {
    /// The title, as it is.
    pub(super) title: &'p str,
    /// The heading of the page.
    pub(super) heading: &'p str,
    pub(super) style: &'p str,
    pub(super) script: &'p str,
    /// What can be searched for, in words; the script shows the field.
    pub(super) search: &'p str,
}

impl Page<'_> {
    /// Writes what comes before the content.
    pub(super) fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { title, heading, style, script, search } = self;
        writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(
            out,
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
             script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">",
            hash(style),
            hash(script)
        )?;
        writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        writeln!(out, "<meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>", escape(title))?;
        writeln!(out, "<style>{style}</style>\n</head>\n<body>")?;
        writeln!(out, "<h1>{heading}</h1>\n<p class=\"faint\">Made by accessctl</p>")?;
        writeln!(
            out,
            "<input id=\"find\" type=\"search\" placeholder=\"Search: {search}\" aria-label=\"Search\" hidden>\n\
             <p id=\"shown\" class=\"faint\" role=\"status\"></p>"
        )
    }

    /// Writes what comes after it.
    pub(super) fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "<script>{}</script>\n</body>\n</html>", self.script)
    }
}

/// Text as it stands between tags and in attributes in double quotes; direction is kept within it by the page's
/// structure, since marks of direction are visible.
pub(super) fn escape(words: &str) -> String {
    let words = visible(words);
    let mut escaped = String::with_capacity(words.len() + 8);
    for character in words.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The hash of an inline style or script, as a content security policy names it.
fn hash(content: &str) -> String {
    BASE64.encode(Sha256::digest(content.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_strangers_stays_text() {
        let hostile = "<script>alert('1')</script>&\"\u{202e}\u{1b}[2J";
        let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\\u{202e}\\u{1b}[2J";
        assert_eq!(escape(hostile), escaped);
    }
}
