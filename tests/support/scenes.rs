//! The table of literal requests and answers, which both sides are played against: `tests/serve/scenes/README.md` has its
//! form.

use std::fs;
use std::path::PathBuf;

/// The credentials of the account and of SCIM, as they go over the wire.
const BASIC: &str = "Basic cmVoZWFyc2FsLmxvY2FsOnJlaGVhcnNhbC1zZWNyZXQ=";
const BEARER: &str = "Bearer rehearsal-scim-token";
/// Where the paths of SCIM begin.
const SCIM: &str = "/api/app/scim/v2/";

/// Every scene. A test of each side knows the files by their names, so that each is a test of its own.
pub(crate) const SCENES: [&str; 9] =
    ["answers", "grants", "identity", "invitations", "provisioning", "roles", "scim", "teams", "users"];

/// A request and its answer, as written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pair {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// What the scene says of the headers; [`Pair::headers`] has the others too.
    written: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) status: String,
    pub(crate) answer_headers: Vec<(String, String)>,
    /// Whether it is answered with a page for people, whatever stands there.
    pub(crate) is_page: bool,
    /// The body of the answer.
    pub(crate) expected: String,
    /// Where it stands.
    pub(crate) at: String,
}

impl Pair {
    pub(crate) fn is_scim(&self) -> bool {
        self.path.starts_with(SCIM)
    }

    /// The headers that matter, names in lower case: the credential, and the type of a body.
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        let mut headers = vec![("authorization", if self.is_scim() { BEARER } else { BASIC })];
        if !self.body.is_empty() {
            headers.push(("content-type", if self.is_scim() { "application/scim+json" } else { "application/json" }));
        }
        headers.retain(|(name, _)| self.written.iter().all(|(written, _)| written != name));
        headers.extend(self.written.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        headers.retain(|header| *header != ("authorization", "none"));
        headers
    }
}

/// Who plays an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Players {
    Both,
    /// What no client of ours asks.
    ServerOnly,
    /// What no server of ours answers.
    ClientOnly,
}

/// What belongs together: what is asked of the client, the requests that it sends then with their answers, and what it
/// makes of them.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// The lines `! …` before it that say what is so from here on.
    pub(crate) wishes: Vec<String>,
    pub(crate) players: Players,
    pub(crate) asked: Vec<String>,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) understood: Vec<String>,
    /// Where it begins.
    pub(crate) at: String,
}

pub(crate) struct Scene {
    pub(crate) acts: Vec<Act>,
}

impl Scene {
    /// Reads a scene; whatever it says that means nothing is an error.
    pub(crate) fn read(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/serve/scenes/{name}.txt"));
        let text = fs::read_to_string(&path).unwrap();
        let mut acts: Vec<Act> = Vec::new();
        let (mut players, mut wishes) = (None, Vec::new());
        for (number, line) in text.lines().enumerate() {
            let at = format!("{name}.txt:{}", number + 1);
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            let begin = |players: Players, wishes: &mut Vec<String>| {
                let (asked, pairs, understood) = (Vec::new(), Vec::new(), Vec::new());
                Act { wishes: std::mem::take(wishes), players, asked, pairs, understood, at: at.clone() }
            };
            let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
            match sign {
                "!" => {
                    // A reason is as long as it takes to understand it.
                    let only = [("server only: ", Players::ServerOnly), ("client only: ", Players::ClientOnly)];
                    let only = only.into_iter().find_map(|(mark, players)| Some((rest.strip_prefix(mark)?, players)));
                    match only {
                        Some((why, found)) => {
                            assert!(why.len() > 20, "{at}: why?");
                            players = Some(found.clone());
                            if found == Players::ServerOnly {
                                acts.push(begin(found, &mut wishes));
                            }
                        }
                        None => {
                            wishes.push(rest.to_owned());
                            if players == Some(Players::ServerOnly) {
                                acts.push(begin(Players::ServerOnly, &mut wishes));
                            }
                        }
                    }
                }
                "?" => {
                    let goes_on = acts.last().is_some_and(|act| {
                        act.players != Players::ServerOnly && act.pairs.is_empty() && act.understood.is_empty()
                    });
                    if !goes_on || !wishes.is_empty() {
                        // What the server alone is asked ends with what both are.
                        players = players.filter(|found| *found == Players::ClientOnly);
                        acts.push(begin(players.clone().unwrap_or(Players::Both), &mut wishes));
                    }
                    acts.last_mut().unwrap().asked.push(rest.to_owned());
                }
                "=" => {
                    let act = acts.last_mut().filter(|act| act.players != Players::ServerOnly);
                    act.unwrap_or_else(|| panic!("{at}: nobody understands")).understood.push(rest.to_owned());
                }
                ">" => {
                    let act = acts.last_mut().filter(|act| act.understood.is_empty() && wishes.is_empty());
                    let act = act.unwrap_or_else(|| {
                        panic!("{at}: no `? …` asks the client for this, and no `! server only: …` says why not")
                    });
                    match act.pairs.last_mut().filter(|pair| pair.status.is_empty()) {
                        Some(pair) => pair.written.push(header(rest, &at)),
                        None => {
                            let (method, path) = rest.split_once(' ').unwrap_or_else(|| panic!("{at}: no request"));
                            let (method, path) = (method.to_owned(), path.to_owned());
                            act.pairs.push(Pair { method, path, at, ..Pair::default() });
                        }
                    }
                }
                "<" => {
                    let pair = acts.last_mut().and_then(|act| act.pairs.last_mut());
                    let pair = pair.unwrap_or_else(|| panic!("{at}: an answer to nothing"));
                    if pair.status.is_empty() {
                        rest.clone_into(&mut pair.status);
                    } else if rest == "html" {
                        pair.is_page = true;
                    } else {
                        pair.answer_headers.push(header(rest, &at));
                    }
                }
                _ => {
                    let pair = acts.last_mut().and_then(|act| act.pairs.last_mut());
                    let pair = pair.unwrap_or_else(|| panic!("{at}: a body of nothing"));
                    if pair.status.is_empty() { pair.body.push_str(line) } else { pair.expected.push_str(line) }
                }
            }
        }
        for act in &acts {
            let is_told = act.players == Players::ServerOnly || !act.understood.is_empty();
            assert!(is_told, "{}: what does the client make of it?", act.at);
            assert!(act.pairs.iter().all(|pair| !pair.status.is_empty()), "{}: a request has no answer", act.at);
        }
        Self { acts }
    }
}

fn header(text: &str, at: &str) -> (String, String) {
    let (name, value) = text.split_once(": ").unwrap_or_else(|| panic!("{at}: no header"));
    (name.to_owned(), value.to_owned())
}
