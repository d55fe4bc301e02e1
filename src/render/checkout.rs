//! Paths as the systems that show findings want them: below the root of the checkout, wherever the run was started.

use std::path::{Component, Path, PathBuf};

/// Where the checkout is that findings are told of, and where in it the run was started.
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
        let absolute = without_dots(&self.working.join(path));
        match absolute.strip_prefix(without_dots(&self.root)) {
            Ok(inside) => Place::Inside(with_slashes(inside)),
            Err(_) => Place::Outside(with_slashes(&absolute)),
        }
    }
}

/// The path without `.` and `..`.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
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

/// A path as a part of a URI, with everything escaped that means something there.
pub(in crate::render) fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
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
    fn what_means_something_in_a_uri_is_escaped() {
        assert_eq!(percent_encoded("a b/é#?%:[x].yaml"), "a%20b/%C3%A9%23%3F%25%3A%5Bx%5D.yaml");
        assert_eq!(percent_encoded("teams/a-b_c~d.yaml"), "teams/a-b_c~d.yaml");
    }
}
