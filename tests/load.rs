//! Files on disk: what is read, what is refused, and that nothing outside the loaded folder is reached.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test whose folder cannot be made fails")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use accessctl::desired::{Located, compile};
use accessctl::diagnostic::{Diagnostic, Place};
use accessctl::load::{FILE_LIMIT, Loaded, Roots, load};
use accessctl::model::Interner;
use accessctl::source::{FileId, SourceFile, Sources, Span};

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with files; a name that ends in `/` makes a folder.
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = folder.path(name);
            if name.ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn relative(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "").replace(self.0.path().to_str().unwrap(), "ROOT")
    }

    /// The files loaded from `names`, or the problems.
    fn load(&self, names: &[&str]) -> Result<Vec<String>, Vec<String>> {
        let paths: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
        let Loaded { sources, findings } = load(&paths);
        assert_eq!(sources.lacks_files(), !findings.is_empty());
        if findings.is_empty() {
            Ok(sources.files().iter().map(|file| self.relative(&file.path)).collect())
        } else {
            Err(findings.iter().map(|problem| self.relative(&brief(problem))).collect())
        }
    }
}

fn brief(problem: &Diagnostic) -> String {
    match &problem.place {
        Place::Path(path) => format!("{} {path}: {}", problem.code.as_str(), problem.message),
        other @ (Place::Text { .. } | Place::Organization(_)) => panic!("a problem of a file is at {other:?}"),
    }
}

#[track_caller]
fn check(found: Result<Vec<String>, Vec<String>>, expected: Result<&[&str], &[&str]>) {
    let found = found.as_ref().map_or_else(|all| Err(all.as_slice()), |all| Ok(all.as_slice()));
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

#[test]
fn folders_are_read_to_the_bottom_without_hidden_entries() {
    let folder = Folder::new(&[
        ("b.yaml", b""),
        ("a/c.yml", b""),
        ("a/readme.md", b"\xff"),
        (".github/x.yaml", b""),
        ("a/.y.yaml", b""),
    ]);
    check(folder.load(&[""]), Ok(&["a/c.yml", "b.yaml"]));
    check(folder.load(&["b.yaml", "", "a", "b.yaml"]), Ok(&["a/c.yml", "b.yaml"]));
    check(folder.load(&[".github"]), Ok(&[".github/x.yaml"]));
}

#[test]
fn nothing_found_is_an_error() {
    let folder = Folder::new(&[("empty/", b""), ("text/a.txt", b"")]);
    check(
        folder.load(&["missing", "empty", "text"]),
        Err(&[
            "E0003 empty: the folder `empty` holds no `*.yaml` or `*.yml` file",
            "E0001 missing: there is no file or folder `missing`",
            "E0003 text: the folder `text` holds no `*.yaml` or `*.yml` file",
        ]),
    );
}

#[test]
fn only_text_is_read() {
    let folder = Folder::new(&[
        ("bom.yaml", b"\xef\xbb\xbfversion: 1\r\n"),
        ("latin.yaml", b"a: 1\nb: caf\xe9\n"),
        ("nul.yaml", b"a: 1\nb: \0\n"),
        ("utf16.yaml", b"\xff\xfea\0"),
    ]);
    check(
        folder.load(&[""]),
        Err(&[
            "E0004 latin.yaml: `latin.yaml` is not UTF-8: see line 2, byte 7",
            "E0005 nul.yaml: `nul.yaml` holds a NUL byte at line 2, byte 4",
            "E0004 utf16.yaml: `utf16.yaml` is UTF-16, not UTF-8",
        ]),
    );
    let sources = load(&[folder.path("")]).sources;
    assert_eq!(sources.files().len(), 1, "what can be read is there to be checked");
    assert_eq!(sources.files()[0].text, "version: 1\r\n");
}

#[test]
fn links_stay_within_the_folder() {
    let outside = Folder::new(&[("secret.yaml", b""), ("dir/x.yaml", b""), ("note.txt", b"")]);
    let folder = Folder::new(&[("real/a.yaml", b"")]);
    symlink("real", folder.path("again")).unwrap();
    symlink("a.yaml", folder.path("real/b.yaml")).unwrap();
    symlink("..", folder.path("real/loop")).unwrap();
    symlink(outside.path("note.txt"), folder.path("note.txt")).unwrap();
    check(folder.load(&[""]), Ok(&["real/a.yaml"]));
    symlink(outside.path("secret.yaml"), folder.path("secret.yaml")).unwrap();
    symlink(outside.path("dir"), folder.path("dir")).unwrap();
    symlink("nowhere.yaml", folder.path("broken.yaml")).unwrap();
    symlink("circle.yaml", folder.path("circle.yaml")).unwrap();
    let problems = folder.load(&[""]).unwrap_err();
    let codes: Vec<_> = problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(codes, ["E0002 broken.yaml", "E0002 circle.yaml", "E0007 dir", "E0007 secret.yaml"], "{problems:?}");
}

#[test]
fn a_path_that_is_a_link_is_followed() {
    let folder = Folder::new(&[("real/a.yaml", b"")]);
    symlink("real", folder.path("link")).unwrap();
    check(folder.load(&["link"]), Ok(&["link/a.yaml"]));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = Folder::new(&[("a.yaml", b""), ("closed.yaml", b"")]);
    fs::set_permissions(folder.path("closed.yaml"), fs::Permissions::from_mode(0o000)).unwrap();
    let found = folder.load(&[""]);
    // Some users may read everything.
    if fs::read(folder.path("closed.yaml")).is_ok() {
        check(found, Ok(&["a.yaml", "closed.yaml"]));
    } else {
        check(found, Err(&["E0002 closed.yaml: `closed.yaml` cannot be read: permission denied"]));
    }
}

#[test]
fn only_ordinary_files_are_opened() {
    let folder = Folder::new(&[("a.yaml", b"")]);
    // Opening it would wait for ever.
    let made = std::process::Command::new("mkfifo").arg(folder.path("pipe.yaml")).status().unwrap();
    assert!(made.success());
    check(folder.load(&[""]), Err(&["E0008 pipe.yaml: `pipe.yaml` is no ordinary file"]));
    check(folder.load(&["pipe.yaml"]), Err(&["E0008 pipe.yaml: `pipe.yaml` is no ordinary file"]));
}

#[test]
fn sizes_are_limited() {
    let folder = Folder::new(&[]);
    let make = |name: &str, size: u64| fs::File::create(folder.path(name)).unwrap().set_len(size).unwrap();
    make("large.yaml", FILE_LIMIT + 1);
    check(folder.load(&[""]), Err(&["E0006 large.yaml: `large.yaml` is larger than 67108864 bytes"]));
    for index in 0..8 {
        make(&format!("{index}.yaml"), FILE_LIMIT);
    }
    let problems = folder.load(&[""]).unwrap_err();
    let expected = "E0006 ROOT: the configuration is 603979777 bytes, more than the 536870912 that one run reads";
    assert_eq!(problems, [expected]);
}

#[test]
fn paths_in_documents_stay_within_the_folder() {
    let outside = Folder::new(&[]);
    let folder = Folder::new(&[("conf/org/a.yaml", b"x"), ("conf/data/seed.yaml", b""), ("other/", b"")]);
    symlink(outside.path(""), folder.path("conf/out")).unwrap();
    symlink("nowhere", folder.path("conf/dangling")).unwrap();
    let resolve = |root: &str, path: &str| {
        let roots = Roots::new(&[folder.path(root)]).unwrap();
        let document = folder.path("conf/org/a.yaml").to_str().unwrap().to_owned();
        let sources = Sources::new(vec![SourceFile::new(document, "x")]);
        let place = Span { file: FileId(0), start: 0, end: 1 };
        match roots.resolve(&sources, &Located { value: path.to_owned(), place }) {
            Ok(found) => folder.relative(found.to_str().unwrap()),
            Err(problem) => format!("{}: {}", problem.code.as_str(), problem.message),
        }
    };
    assert_eq!(resolve("conf", "acme.db"), "conf/org/acme.db");
    assert_eq!(resolve("conf", "./new/../acme.db"), "conf/org/acme.db");
    assert_eq!(resolve("conf", "../data/seed.yaml"), "conf/data/seed.yaml");
    assert_eq!(resolve("conf", "../.accessctl/acme.db"), "conf/.accessctl/acme.db");
    assert_eq!(resolve("conf/org/a.yaml", "acme.db"), "conf/org/acme.db");
    let leaves = |path: &str, why: &str| format!("E0009: the path `{path}` {why}");
    let out = "leads out of the loaded folder";
    for path in ["../../other/acme.db", "../..", "../../conf2/x", "../../../../../../../../../etc/x"] {
        assert_eq!(resolve("conf", path), leaves(path, out));
    }
    for path in ["..", ".", "../data", "../data/.."] {
        assert_eq!(resolve("conf", path), format!("E0010: the path `{path}` leads to a folder"));
    }
    assert_eq!(resolve("conf/org/a.yaml", "../data/seed.yaml"), leaves("../data/seed.yaml", out));
    assert_eq!(resolve("conf", "/etc/passwd"), leaves("/etc/passwd", "is absolute"));
    let link = "goes through a link that leads out of the loaded folder";
    for path in ["../out/acme.db", "../out", "../dangling", "../dangling/x"] {
        assert_eq!(resolve("conf", path), leaves(path, link));
    }
}

#[test]
fn paths_are_shown_from_the_working_directory() {
    let sources = load(&[PathBuf::from("./tests/cases-language/split/.")]).sources;
    let shown: Vec<_> = sources.files().iter().map(|file| file.path.as_str()).collect();
    assert_eq!(shown, ["tests/cases-language/split/org.yaml", "tests/cases-language/split/teams/analysts.yml"]);
    assert!(shown.iter().all(|path| Path::new(path).is_file()));
    let compiled = compile(&sources, &mut Interner::default());
    assert_eq!(compiled.diagnostics, []);
    assert_eq!(compiled.organizations[0].teams.len(), 1);
}
