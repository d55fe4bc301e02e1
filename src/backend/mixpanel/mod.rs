//! The service, over HTTP.
//!
//! Its requests stand in [`catalogue`](crate::catalogue); this module sends them and understands the answers. Nothing
//! is believed because of its status alone: an answer is taken only when it is JSON of the expected shape without any
//! mark of an error (dossier 4.1). Credentials go to the service's own addresses and nowhere else.

mod agreement;
mod answer;
mod confirm;
mod credentials;
mod examine;
mod merge;
mod more;
mod pacing;
mod parts;
mod problem;
mod read;
mod regions;
mod scim;
mod sift;
mod suspicion;
mod transport;
mod wire;
mod write;
mod write_scim;

use crate::catalogue::{Catalogue, Region};
use crate::model::OrgId;

pub use self::answer::Accepted;
pub use self::credentials::{Credentials, CredentialsProblem, ScimToken, Secret, Variables};
pub use self::examine::{Examination, Identity};
pub use self::pacing::{Pause, Time};
pub use self::problem::{Cause, Problem};
pub use self::read::{Acting, Ids, MixpanelReader, Needs, Reading};
pub use self::transport::{Call, Transport};
pub use self::write::MixpanelWriter;

/// How the service is reached for one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The organization.
    pub organization: OrgId,
    /// Where its data lives.
    pub region: Region,
    /// Another address for every request, without a slash at the end; plain http for the own machine only.
    pub base_url: Option<String>,
    /// The requests and which of them may be sent.
    pub catalogue: Catalogue,
    /// How many reads are under way at once.
    pub reads: usize,
    /// How many writes are under way at once.
    pub writes: usize,
    /// The most requests in a minute.
    pub requests_per_minute: Option<u64>,
}
