//! A stream through which no address passes, and where that is asked for no name of anybody.

use std::io::{self, Write};

use super::Pseudonyms;
use super::scan::is_local;

/// Bytes after which a word is not waited for to end.
const MOST: usize = 1 << 16;

/// A writer that puts pseudonyms where something has the form of an address, whatever writes into it.
///
/// What is held back, because a word or a line may go on, is written by `flush` and when the writer is dropped.
pub struct Veil<'a> {
    out: &'a mut dyn Write,
    pseudonyms: &'a Pseudonyms,
    hides: Hides,
    pending: Vec<u8>,
}

/// What does not pass a [`Veil`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hides {
    /// Addresses: for what was made without names already.
    Addresses,
    /// Names of people too, for what anybody may say; lines are written whole, since a name may be several words.
    NamesToo,
}

impl std::fmt::Debug for Veil<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Veil").field("pseudonyms", self.pseudonyms).finish_non_exhaustive()
    }
}

impl<'a> Veil<'a> {
    /// What is written into it goes to `out`.
    pub fn new(out: &'a mut dyn Write, pseudonyms: &'a Pseudonyms, hides: Hides) -> Self {
        Self { out, pseudonyms, hides, pending: Vec::new() }
    }

    /// Writes the first `length` bytes of what is held back.
    fn release(&mut self, length: usize) -> io::Result<()> {
        let released: Vec<u8> = self.pending.drain(..length).collect();
        let text = match self.hides {
            Hides::Addresses if !released.contains(&b'@') => return self.out.write_all(&released),
            Hides::Addresses => self.pseudonyms.without_addresses(&String::from_utf8_lossy(&released)).into_owned(),
            Hides::NamesToo => self.pseudonyms.text(&String::from_utf8_lossy(&released)).into_owned(),
        };
        self.out.write_all(text.as_bytes())
    }

    /// How much of what is held back cannot go on.
    fn whole(&self) -> usize {
        // Styles belong to the word behind them.
        let goes_on = |byte: &u8| match self.hides {
            Hides::Addresses => is_local(*byte) || b"@\x1b[;".contains(byte),
            Hides::NamesToo => *byte != b'\n',
        };
        self.pending.iter().rposition(|byte| !goes_on(byte)).map_or(0, |last| last + 1)
    }
}

impl Write for Veil<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        let end = self.whole();
        let end = if self.pending.len() - end > MOST { self.pending.len() } else { end };
        self.release(end)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.release(self.pending.len())?;
        self.out.flush()
    }
}

impl Drop for Veil<'_> {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.release(self.pending.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_passes_however_it_is_cut() {
        let pseudonyms = Pseudonyms::new("0123456789abcdef0123456789abcdef").unwrap();
        let text = "\u{1b}[1mAna@acme.com\u{1b}[0m, bo@acme.com\nand é@x.test: {\"user\":\"ana@acme.com\"} @all";
        let ana = pseudonyms.of("ana@acme.com");
        let mut expected = None;
        for length in 1..text.len() {
            let mut out = Vec::new();
            let mut veil = Veil::new(&mut out, &pseudonyms, Hides::Addresses);
            text.as_bytes().chunks(length).for_each(|part| veil.write_all(part).unwrap());
            drop(veil);
            let shown = String::from_utf8(out).unwrap();
            assert_eq!(shown.matches('@').count(), 1, "{shown}");
            assert_eq!(shown.matches(&*ana).count(), 2, "{shown}");
            assert_eq!(*expected.get_or_insert(shown.clone()), shown, "{length}");
        }
    }

    #[test]
    fn no_name_passes_however_it_is_cut_and_styled() {
        let pseudonyms = Pseudonyms::new("0123456789abcdef0123456789abcdef").unwrap();
        let ana = crate::model::Email::new("ana@acme.com").unwrap();
        pseudonyms.know([(&ana, Some("Ana Ruiz"))]);
        let text = "\u{1b}[1mAna Ruiz\u{1b}[0m of \u{1b}[1;35mANA\u{1b}[0m Ruiz\nand `Ana Ruiz`, ana@acme.com";
        for length in 1..text.len() {
            let mut out = Vec::new();
            let mut veil = Veil::new(&mut out, &pseudonyms, Hides::NamesToo);
            text.as_bytes().chunks(length).for_each(|part| veil.write_all(part).unwrap());
            drop(veil);
            let shown = String::from_utf8(out).unwrap();
            assert_eq!(shown.matches(&*pseudonyms.of("ana@acme.com")).count(), 4, "{shown}");
            assert!(!shown.to_lowercase().contains("ruiz") && !shown.contains('@'), "{shown}");
        }
    }

    #[test]
    fn what_is_flushed_is_there() {
        let pseudonyms = Pseudonyms::new("0123456789abcdef0123456789abcdef").unwrap();
        let mut out = Vec::new();
        let mut veil = Veil::new(&mut out, &pseudonyms, Hides::NamesToo);
        veil.write_all(b"reading").unwrap();
        veil.flush().unwrap();
        assert_eq!(veil.pending, b"");
        veil.write_all(&[b'x'; 2 * MOST]).unwrap();
        assert_eq!(veil.pending, b"");
        drop(veil);
        assert_eq!(out.len(), 7 + 2 * MOST);
    }
}
