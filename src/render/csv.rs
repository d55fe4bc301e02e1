//! Tables for spreadsheets, as RFC 4180 has them, in which no cell can be a formula.

use std::io::{self, Write};

/// Writes one line; the cells have no control characters any more.
pub(super) fn write_line(out: &mut dyn Write, cells: &[&str]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(inert(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// The cell, quoted where it must be, with an apostrophe before whatever a spreadsheet would run.
///
/// A spreadsheet of a country that writes decimal commas splits at semicolons, also within quotes that do not start its
/// cell: what follows one is treated as a start as well.
fn inert(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len() + 2);
    let mut is_start = true;
    for character in cell.chars() {
        // Those of full width are taken for the others by some programs. Control characters were made visible before.
        if is_start && ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'].contains(&character) {
            text.push('\'');
        }
        is_start = character == ';' || (is_start && [' ', '"', '\''].contains(&character));
        text.push(character);
    }
    if text.contains([',', ';', '"', '\n', '\r', '\t']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_starts_as_a_formula() {
        for (cell, written) in [
            ("plain text", "plain text"),
            ("=1+1", "'=1+1"),
            ("+x@acme.com", "'+x@acme.com"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            (" =1", "\" '=1\""),
            ("\"=1", "\"\"\"'=1\""),
            ("a;=1", "\"a;'=1\""),
            ("a; \"=1", "\"a; \"\"'=1\""),
            ("＝1", "'＝1"),
            ("say \"hi\", twice", "\"say \"\"hi\"\", twice\""),
            ("a-b", "a-b"),
            ("", ""),
        ] {
            assert_eq!(inert(cell), written, "{cell}");
        }
    }
}
