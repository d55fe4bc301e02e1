//! A plan of as many entries by octoDNS, a reconciler of DNS records that people know.
//!
//! A record is the closest thing to a fact: a name, a type and a value in YAML. Both sides are folders, and they agree.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;

use crate::process::Work;

/// The ready-made YAML provider is always empty as a target; this one has what its folder says.
const PROVIDER: &str = "\
from octodns.provider.yaml import YamlProvider


class LiveFolder(YamlProvider):
    def populate(self, zone, target=False, lenient=False):
        return super().populate(zone, target=False, lenient=lenient)
";

const CONFIGURATION: &str = "\
providers:
  desired: { class: octodns.provider.yaml.YamlProvider, directory: ./desired, default_ttl: 300, enforce_order: false }
  live: { class: live_folder.LiveFolder, directory: ./live, default_ttl: 300, enforce_order: false }
zones:
  acme.test.: { sources: [desired], targets: [live] }
";

/// The version of octoDNS that `python` has; `None` where there is none.
pub(crate) fn version(python: &str) -> Option<String> {
    let output = Command::new(python).args(["-c", "import octodns; print(octodns.__version__)"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A plan over `records` records, which are written below `folder`.
///
/// # Errors
/// When the records cannot be written.
pub(crate) fn plan(python: &str, folder: &Path, records: usize) -> io::Result<Work> {
    for side in ["desired", "live"] {
        fs::create_dir_all(folder.join(side))?;
        write_zone(&folder.join(side).join("acme.test.yaml"), records)?;
    }
    fs::write(folder.join("live_folder.py"), PROVIDER)?;
    fs::write(folder.join("octodns.yaml"), CONFIGURATION)?;
    // The provider is found and the folders are meant from where the program runs.
    let script = "import os, sys; os.chdir(sys.argv[1]); sys.path.insert(0, '.'); \
                  sys.argv = ['octodns-sync', '--config-file', 'octodns.yaml']; \
                  from octodns.cmds.sync import main; main()";
    Ok(Work::new(python, &["-c".as_ref(), script.as_ref(), folder.as_os_str()]))
}

fn write_zone(path: &Path, records: usize) -> io::Result<()> {
    let mut out = BufWriter::new(fs::File::create(path)?);
    for index in 0..records {
        writeln!(out, "u{index:07}:\n  type: TXT\n  value: analyst")?;
    }
    out.flush()
}
