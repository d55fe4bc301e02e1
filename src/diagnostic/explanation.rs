//! What a code means: its section of `docs/errors.md`, which the program carries.

use super::Code;

const PAGE: &str = include_str!("../../docs/errors.md");

/// What is to be known about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What it means and why, in sentences, as Markdown.
    pub prose: &'static str,
    /// The same, with an example that is wrong and one that is right.
    pub whole: &'static str,
}

impl Code {
    /// Explains the code as the documentation does. Empty where the page lacks it, which a test rules out.
    pub fn explanation(self) -> Explanation {
        let whole = section(self).unwrap_or("");
        let prose = whole.split("```").next().unwrap_or("").trim();
        Explanation { prose, whole }
    }
}

/// The text below the heading of a code.
fn section(code: Code) -> Option<&'static str> {
    let heading = format!("\n## {}: ", code.as_str());
    let (_, rest) = PAGE.split_once(&heading)?;
    let (_, below) = rest.split_once('\n')?;
    Some(below.split("\n## ").next().unwrap_or(below).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_with_two_examples() {
        for code in Code::ALL {
            let Explanation { prose, whole } = code.explanation();
            assert!(!prose.is_empty() && !prose.contains("##"), "{code:?}: {prose}");
            assert_eq!(whole.matches("```").count(), 4, "{code:?}: {whole}");
            assert!(whole.starts_with(prose), "{code:?}");
            // Where it is shown there is no page that a link could lead to.
            assert!(!whole.contains("]("), "{code:?}: {whole}");
        }
    }
}
