//! Paths as the systems that show findings and lines want them: below the root of the checkout, wherever the run was
//! started, and in addresses.

use std::path::{Component, Path, PathBuf};

/// Where the checkout is that findings and plans are told of, and where in it the run was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The root, absolute.
    pub root: PathBuf,
    /// The working directory, absolute; paths are relative to it.
    pub working: PathBuf,
}

/// Where a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::render) enum Place {
    /// To this path below the root, with `/` between parts.
    Inside(String),
    /// To this absolute path, with `/` between parts.
    Outside(String),
}

impl Place {
    /// The path, wherever it leads to.
    pub(in crate::render) fn path(&self) -> &str {
        match self {
            Self::Inside(path) | Self::Outside(path) => path,
        }
    }
}

impl Checkout {
    /// Where `path` leads to, as far as its text tells: nothing is looked up.
    pub(in crate::render) fn place(&self, path: &str) -> Place {
        let (absolute, root) = (without_dots(&self.working.join(path)), without_dots(&self.root));
        match absolute.strip_prefix(root) {
            Ok(inside) => Place::Inside(with_slashes(inside)),
            Err(_) => Place::Outside(with_slashes(&absolute)),
        }
    }
}

/// `path` as one below whatever it starts in, with `/` between parts; `None` where it leads out of that.
pub(in crate::render) fn below_its_start(path: &str) -> Option<String> {
    let plain = without_dots(Path::new(path));
    let is_out = plain.components().any(|part| part == Component::ParentDir);
    (!is_out).then(|| with_slashes(&plain).trim_start_matches('/').to_owned())
}

/// The path without `.`, and without `..` but for those that lead out of where a relative path starts. What is above the
/// root is the root.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match plain.components().next_back() {
                Some(Component::Normal(_)) => {
                    plain.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                Some(Component::CurDir | Component::ParentDir) | None => plain.push(part),
            },
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

fn with_slashes(path: &Path) -> String {
    let mut text = String::new();
    for part in path.components() {
        match part {
            Component::RootDir => text.push('/'),
            Component::Prefix(_) | Component::CurDir | Component::ParentDir | Component::Normal(_) => {
                if !text.is_empty() && !text.ends_with('/') {
                    text.push('/');
                }
                text.push_str(&part.as_os_str().to_string_lossy());
            }
        }
    }
    text
}

/// All that stands for itself in the path of a URI.
pub(in crate::render) const PLAIN_IN_A_URI: &[u8] = b"-._~/!$&'()*+,;=@";

/// What stands for itself in the path of a URI, and means nothing in HTML and Markdown.
pub(in crate::render) const PLAIN_EVERYWHERE: &[u8] = b"-._~/";

/// A path as that of a URI: everything is escaped but letters, digits and what is `plain`.
pub(in crate::render) fn percent_encoded(path: &str, plain: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_root() {
        let checkout = Checkout { root: "/repo".into(), working: "/repo/access".into() };
        for (path, inside) in [
            ("org.yaml", "access/org.yaml"),
            ("./teams/a.yaml", "access/teams/a.yaml"),
            ("../other/b.yaml", "other/b.yaml"),
            ("/repo/access/c d.yaml", "access/c d.yaml"),
            (".", "access"),
        ] {
            assert_eq!(checkout.place(path), Place::Inside(inside.to_owned()), "{path}");
        }
        for (path, outside) in
            [("/etc/a.yaml", "/etc/a.yaml"), ("../../x.yaml", "/x.yaml"), ("/repository", "/repository")]
        {
            assert_eq!(checkout.place(path), Place::Outside(outside.to_owned()), "{path}");
        }
    }

    #[test]
    fn paths_without_a_checkout_stay_below_their_start() {
        for (path, below) in [
            ("./teams/../a.yaml", Some("a.yaml")),
            ("/etc/./a.yaml", Some("etc/a.yaml")),
            ("teams/../../a.yaml", None),
            ("../teams/a.yaml", None),
        ] {
            assert_eq!(below_its_start(path).as_deref(), below, "{path}");
        }
    }

    #[test]
    fn what_means_something_in_a_uri_is_escaped() {
        let encoded = |path| percent_encoded(path, PLAIN_IN_A_URI);
        assert_eq!(encoded("a b/é#?%:[x].yaml"), "a%20b/%C3%A9%23%3F%25%3A%5Bx%5D.yaml");
        assert_eq!(encoded("teams/a-b_c~d(1).yaml"), "teams/a-b_c~d(1).yaml");
        assert_eq!(percent_encoded("teams/a-b_c~d(1).yaml", PLAIN_EVERYWHERE), "teams/a-b_c~d%281%29.yaml");
    }
}
