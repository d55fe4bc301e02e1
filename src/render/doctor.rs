//! What `doctor` found out, as text and as JSON, version 1.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::text::line::{ADDED, ALARM, DIM, PLAIN, TITLE, write_paragraph};
use super::{Options, visible, visible_name};
use crate::visible::write_json;

/// The value of `format`.
pub const FORMAT: &str = "accessctl.doctor/1";

/// What was found out about one organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Checkup {
    /// The organization's key.
    pub org: String,
    /// Where its live side is: `local`, `mixpanel`, or nothing where none is named.
    pub backend: Option<String>,
    /// The address of the service, or the file of the store.
    pub address: Option<String>,
    /// Who the account of the credential is, as the service says; nothing for a store, and where it did not answer.
    pub account: Option<Account>,
    /// What was checked, in order; what comes after a failure may be missing.
    pub checks: Vec<Check>,
    /// The requests of the service; empty for a store.
    pub requests: Vec<Request>,
    /// How changes of each kind are carried out; empty for a store.
    pub channels: Vec<KindChannel>,
    /// The kinds of changes that people have to make, unless SCIM does: no request for them is sent, or the org role of the
    /// account is too low for all of them.
    pub manual: Vec<String>,
    /// Whether changes that concern owners are left to people too: the account is an admin.
    pub owners_by_hand: bool,
    /// Whether the removal of owners is left to people: the account is an owner, and nobody removes somebody who is not
    /// below them.
    pub peers_by_hand: bool,
    /// Whether there are kinds for which no request is sent.
    #[serde(skip)]
    #[schemars(skip)]
    pub unsent: bool,
}

/// The account of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Account {
    /// Its address, or what takes the place of one.
    pub name: Option<String>,
    /// Its org role, as the service writes it.
    pub role: Option<String>,
    /// Where the projects are that it sees, each region once: `us`, `eu` or `in`.
    pub regions: Vec<&'static str>,
}

/// How changes of one kind are carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KindChannel {
    /// The kind.
    pub kind: String,
    /// By the service's own requests, or by people.
    #[schemars(extend("enum" = ["api", "manual"]))]
    pub channel: &'static str,
    /// The domains for whose people SCIM does it instead; `invite_user` as far as the org role is `member`.
    pub scim_domains: Vec<String>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// What: `backend`, `credential`, `answer` or `scim`.
    pub what: String,
    /// Whether it is well.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub next_steps: Vec<String>,
}

/// One request of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Request {
    /// Its name.
    pub name: String,
    /// How surely it is known.
    pub standing: String,
    /// Whether it can be used here: `yes` (a read that was tried, or a write that the role allows), `no` or `off` (not
    /// sent, because nothing vouches for it), or `unknown`.
    #[schemars(extend("enum" = ["yes", "no", "off", "unknown"]))]
    pub usable: &'static str,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub next_steps: Vec<String>,
}

impl Checkup {
    /// Whether everything that was checked is well and every read that was tried works.
    pub fn is_well(&self) -> bool {
        self.checks.iter().all(|check| check.ok) && self.requests.iter().all(|request| request.usable != "no")
    }
}

#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    /// The version of this form.
    #[schemars(extend("const" = FORMAT))]
    format: &'static str,
    /// The organizations.
    orgs: &'a [Checkup],
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static>).to_value()
}

/// Writes `checkups` as one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_json_document(out: &mut dyn Write, checkups: &[Checkup]) -> io::Result<()> {
    write_json(out, &Document { format: FORMAT, orgs: checkups })?;
    writeln!(out)
}

/// Writes `checkups` for people.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_text(out: &mut dyn Write, checkups: &[Checkup], options: Options) -> io::Result<()> {
    for (index, checkup) in checkups.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_checkup(out, checkup, options)?;
    }
    Ok(())
}

fn write_checkup(out: &mut dyn Write, checkup: &Checkup, options: Options) -> io::Result<()> {
    let Checkup {
        org,
        backend,
        address,
        account: _,
        checks,
        requests,
        channels,
        manual,
        owners_by_hand,
        peers_by_hand,
        unsent,
    } = checkup;
    let place = match (backend, address) {
        (Some(backend), Some(address)) => format!(" ({backend}, {address})"),
        (Some(backend), None) => format!(" ({backend})"),
        (None, _) => String::new(),
    };
    write_paragraph(out, 0, options.width, &[(TITLE, &visible_name(org)), (PLAIN, &visible(&place))])?;
    for Check { what, ok, found, next_steps } in checks {
        let (style, word) = if *ok { (ADDED, "well") } else { (ALARM, "NOT WELL") };
        let text = format!(": {}", visible(found));
        write_paragraph(out, 2, options.width, &[(PLAIN, what), (PLAIN, " "), (style, word), (PLAIN, &text)])?;
        write_next_steps(out, 4, next_steps, options)?;
    }
    if !requests.is_empty() {
        let names = requests.iter().map(|request| request.name.len()).max().unwrap_or(0);
        let standings = requests.iter().map(|request| request.standing.len()).max().unwrap_or(0);
        write_paragraph(out, 2, options.width, &[(TITLE, "Requests")])?;
        for Request { name, standing, usable, why, next_steps } in requests {
            let style = match *usable {
                "yes" => ADDED,
                "no" => ALARM,
                _ => DIM,
            };
            let head = format!("{name:names$}  {standing:standings$}  ");
            let text = format!(": {}", visible(why));
            write_paragraph(out, 4, options.width, &[(PLAIN, &head), (style, usable), (PLAIN, &text)])?;
            write_next_steps(out, 6, next_steps, options)?;
        }
    }
    let by_scim: Vec<&KindChannel> = channels.iter().filter(|known| !known.scim_domains.is_empty()).collect();
    if let Some(KindChannel { scim_domains, .. }) = by_scim.first() {
        let kinds: Vec<&str> = by_scim.iter().map(|known| known.kind.as_str()).collect();
        let domains = scim_domains.join(", ");
        let text =
            format!("  {} for people of {}; nobody is made more than member", kinds.join(", "), visible(&domains));
        write_paragraph(out, 2, options.width, &[(TITLE, "By SCIM"), (PLAIN, &text)])?;
    }
    if !manual.is_empty() || *owners_by_hand || *peers_by_hand {
        let owners = owners_by_hand.then_some("what gives or takes what owners are, since the account is an admin");
        let peers =
            peers_by_hand.then_some("the removal of owners, since nobody removes somebody who is not below them");
        let all: Vec<&str> = manual.iter().map(String::as_str).chain(owners).chain(peers).collect();
        let text = format!("  {}", all.join(", "));
        write_paragraph(out, 2, options.width, &[(TITLE, "By hand"), (PLAIN, &text)])?;
    }
    if *unsent {
        let step = "list a request under `backend.unverified` once you have tried it, and it is sent".to_owned();
        write_next_steps(out, 4, &[step], options)?;
    }
    Ok(())
}

fn write_next_steps(out: &mut dyn Write, indent: usize, steps: &[String], options: Options) -> io::Result<()> {
    for step in steps {
        write_paragraph(out, indent, options.width, &[(DIM, "do: "), (PLAIN, &visible(step))])?;
    }
    Ok(())
}
