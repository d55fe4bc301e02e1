//! What merely fetching the same answers costs: the yardstick for a plan over HTTP.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;

/// How many requests are under way at once, as in a plan that says nothing else.
const PARALLEL: usize = 8;

/// A request in the record of a server.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    path: String,
    query: String,
    /// The status of the answer; `None` where there was none.
    pub(crate) status: Option<u16>,
}

impl Request {
    /// Whether it had mails sent: up to ten people are invited by one.
    pub(crate) fn sent_mail(&self) -> bool {
        self.method == "POST" && self.path.ends_with("/add-users/") && self.status == Some(200)
    }
}

/// The requests in the record of a server.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn requests(record: &str) -> Result<Vec<Request>> {
    record.lines().map(|line| serde_json::from_str(line).context("the record is damaged")).collect()
}

/// What requests are about, of which one is answered before the next is sent: whoever joins between two of them is then
/// in the list of invitations or in that of users, and the grants of a project tell whether its roles matter.
fn subject(request: &Request) -> &str {
    let mut parts = request.path.split('/').skip_while(|part| !matches!(*part, "organizations" | "projects"));
    match (parts.next(), parts.next(), parts.next()) {
        (Some("organizations"), _, Some("invites" | "users")) => "people",
        (Some("projects"), Some(project), _) => project,
        _ => &request.path,
    }
}

/// Sends the first `number` requests of the `record`, which all read, and throws the answers away; how many bytes there
/// were. The order is that without which a plan could not trust what it reads: the first request is answered before any
/// other is sent, lists of the organization before those of projects, and requests about one subject one after the other.
///
/// # Errors
/// When a request has no answer or one of another status than 200.
pub(crate) fn fetch(address: &str, record: &Path, number: usize, name: &str, secret: &str) -> Result<u64> {
    let requests = requests(&std::fs::read_to_string(record)?)?;
    let requests = requests.get(..number).context("the record is shorter")?;
    // Another client of this process may have installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(PARALLEL).build()?;
    let (first, others) = requests.split_first().context("nothing was requested")?;
    let (lists, others): (Vec<_>, Vec<_>) = others.iter().partition(|other| other.path.starts_with("/organizations/"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut bytes = 0;
        for together in [vec![first], lists, others] {
            let mut places: BTreeMap<&str, usize> = BTreeMap::new();
            let mut by_subject: Vec<Vec<&Request>> = Vec::new();
            for request in together {
                let place = *places.entry(subject(request)).or_insert(by_subject.len());
                match by_subject.get_mut(place) {
                    Some(same) => same.push(request),
                    None => by_subject.push(vec![request]),
                }
            }
            let one = |request: &Request| {
                let url = format!("{address}{}?{}", request.path, request.query);
                let sent = client.get(url).basic_auth(name, Some(secret)).send();
                async {
                    let mut answer = sent.await?;
                    if answer.status() != 200 {
                        bail!("{} is answered with {}", answer.url(), answer.status());
                    }
                    let mut bytes = 0;
                    while let Some(chunk) = answer.chunk().await? {
                        bytes += chunk.len() as u64;
                    }
                    Ok(bytes)
                }
            };
            let sum = |sum, bytes| async move { Ok(sum + bytes) };
            let all = |requests| stream::iter(requests).then(one).try_fold(0, sum);
            bytes += stream::iter(by_subject).map(all).buffer_unordered(PARALLEL).try_fold(0, sum).await?;
        }
        Ok(bytes)
    })
}
