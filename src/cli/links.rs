//! `--link-base`: where the lines of the configuration can be looked at on the web.

use std::path::{Path, PathBuf};

use super::args::{Format, Linking};
use super::error::CommandError;
use crate::render::checkout::Checkout;
use crate::render::links::Links;

/// The links that are asked for, which only some formats have. Paths in them are below the repository that the
/// configuration at `paths` is in, where it is in one.
///
/// # Errors
/// When the address is none, or `format` has no links.
pub(crate) fn links(asked: &Linking, format: Format, paths: &[PathBuf]) -> Result<Links, CommandError> {
    let Some(base) = &asked.link_base else { return Ok(Links::default()) };
    if !matches!(format, Format::Markdown | Format::Html) {
        return Err(CommandError::usage(format!(
            "`--link-base` is for markdown and html, not for {}",
            format.as_str()
        ))
        .hint("add `--format markdown`"));
    }
    let working = std::env::current_dir().and_then(std::fs::canonicalize).unwrap_or_default();
    let root = paths.first().and_then(|path| repository(path));
    Links::new(base, root.map(|root| Checkout { root, working })).map_err(|problem| {
        CommandError::usage(format!("`--link-base {base}` cannot be used: {problem}"))
            .hint("such as https://github.com/acme/access/blob/1a2b3c4, to which a path and a line are added")
    })
}

/// The root of the repository that `path` is in.
fn repository(path: &Path) -> Option<PathBuf> {
    let real = std::fs::canonicalize(path).ok()?;
    // In a further work tree it is a file.
    real.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}
