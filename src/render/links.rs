//! Links from the places of a plan to lines on the web.

use super::checkout::{Checkout, PLAIN_EVERYWHERE, Place, below_its_start, percent_encoded};
use crate::source::{Sources, Span};

/// Where lines of the configuration can be looked at, if anywhere.
#[derive(Debug, Clone, Default)]
pub struct Links {
    base: Option<String>,
    checkout: Option<Checkout>,
}

/// Why an address cannot be that of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinksProblem {
    /// Links may lead to pages only.
    #[error("it begins neither with https:// nor with http://")]
    Scheme,
    /// There is nothing after the scheme.
    #[error("it names no host")]
    Host,
    /// A character that does not belong in the path of an address, or could end the link.
    #[error("it holds {0:?}: letters, digits and -._~:/%+=, may stand there, and the rest as %20")]
    Character(char),
}

impl Links {
    /// Links of the form `base/path#L12`. Paths in them are those in `checkout`; without one they are taken as they are.
    ///
    /// # Errors
    /// When `base` is no address of a page.
    pub fn new(base: &str, checkout: Option<Checkout>) -> Result<Self, LinksProblem> {
        let rest = ["https://", "http://"].into_iter().find_map(|scheme| {
            base.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(|_| &base[scheme.len()..])
        });
        let rest = rest.ok_or(LinksProblem::Scheme)?;
        if rest.split(['/', ':']).next().is_none_or(str::is_empty) {
            return Err(LinksProblem::Host);
        }
        if let Some(odd) = rest.chars().find(|c| !c.is_ascii_alphanumeric() && !"-._~:/%+=,".contains(*c)) {
            return Err(LinksProblem::Character(odd));
        }
        Ok(Self { base: Some(base.trim_end_matches('/').to_owned()), checkout })
    }

    /// The address of the line that `span` begins on, in characters that mean nothing else in HTML and Markdown; `None`
    /// where there are no links, or the file lies outside the repository.
    pub fn of(&self, sources: &Sources, span: Span) -> Option<String> {
        let base = self.base.as_deref()?;
        let file = sources.file(span.file);
        let path = match &self.checkout {
            None => below_its_start(&file.path)?,
            Some(checkout) => match checkout.place(&file.path) {
                Place::Inside(path) => path,
                Place::Outside(_) => return None,
            },
        };
        let encoded = percent_encoded(&path, PLAIN_EVERYWHERE);
        (!path.is_empty()).then(|| format!("{base}/{encoded}#L{}", file.line_index(span.start) + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, SourceFile};

    #[test]
    fn links_lead_to_lines_of_the_repository() {
        let base = "https://git.test/acme/access/blob/0a1b/";
        let of = |root: Option<&str>, folder: &str, path: &str| {
            let checkout = root.map(|root| Checkout { root: root.into(), working: folder.into() });
            let links = Links::new(base, checkout).unwrap();
            let sources = Sources::new(vec![SourceFile::new(path, "a\nb\nc\n")]);
            links.of(&sources, Span { file: FileId(0), start: 4, end: 5 })
        };
        let found = |path: &str| Some(format!("https://git.test/acme/access/blob/0a1b/{path}#L3"));
        assert_eq!(of(None, "/repo", "teams/a b.yaml"), found("teams/a%20b.yaml"));
        assert_eq!(of(Some("/repo"), "/repo", "./teams/a.yaml"), found("teams/a.yaml"));
        assert_eq!(of(Some("/repo"), "/repo/access", "a.yaml"), found("access/a.yaml"));
        assert_eq!(of(Some("/repo"), "/repo/access", "../b.yaml"), found("b.yaml"));
        assert_eq!(of(Some("/repo"), "/elsewhere", "/repo/x/b.yaml"), found("x/b.yaml"));
        assert_eq!(of(Some("/repo"), "/repo", "../b.yaml"), None);
        assert_eq!(of(Some("/repo"), "/repo", "/b.yaml"), None);
        assert_eq!(of(None, "", "../b.yaml"), None);
        assert_eq!(of(None, "", "a)[x](y#é\".yaml"), found("a%29%5Bx%5D%28y%23%C3%A9%22.yaml"));
        assert_eq!(
            Links::default()
                .of(&Sources::new(vec![SourceFile::new("a", "")]), Span { file: FileId(0), start: 0, end: 0 }),
            None
        );
    }

    #[test]
    fn other_addresses_are_refused() {
        let problem = |base: &str| Links::new(base, None).err();
        for base in ["https://git.test", "http://127.0.0.1:80/x%20y", "HTTPS://git.test/a/-/blob/v1.0"] {
            assert_eq!(problem(base), None, "{base}");
        }
        for base in ["javascript:alert(1)", "git.test", "", "//git.test", "ftp://git.test", "é"] {
            assert_eq!(problem(base), Some(LinksProblem::Scheme), "{base}");
        }
        for base in ["https://", "https:///x", "http://:80"] {
            assert_eq!(problem(base), Some(LinksProblem::Host), "{base}");
        }
        for odd in [' ', '"', '\'', '<', '>', ')', '(', ']', '`', '|', '@', '?', '#', '&', '\\', '\n', 'é', '\u{202e}']
        {
            assert_eq!(problem(&format!("https://git.test/{odd}")), Some(LinksProblem::Character(odd)));
        }
    }
}
