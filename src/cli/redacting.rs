//! `--redact`: the pseudonyms of a run, by the key of the environment.

use super::args::Command;
use super::error::CommandError;
use crate::redaction::{KeyProblem, Pseudonyms, SHORTEST_KEY};

/// The variable that holds the key.
const VARIABLE: &str = "ACCESSCTL_REDACT_KEY";

/// The pseudonyms that `command` asks for.
///
/// # Errors
/// When there is no key, or one that is no secret.
pub(super) fn pseudonyms(
    command: &Command,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Pseudonyms>, CommandError> {
    let Command::Plan(plan) = command else { return Ok(None) };
    if plan.redact.is_none() {
        return Ok(None);
    }
    let hint = "make a key once, such as with `openssl rand -hex 32`, and keep it secret: the same person has the same \
                pseudonym as long as the key is the same";
    if plan.out.is_some() {
        return Err(CommandError::usage(
            "`--out` cannot be used with `--redact`: a plan without addresses cannot be applied",
        )
        .hint("save the plan in another run, where only those can read it who apply it"));
    }
    let key = environment(VARIABLE).filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| {
        CommandError::usage(format!("`--redact people` needs a key in the variable {VARIABLE}")).hint(hint)
    })?;
    let problem = |problem: KeyProblem| {
        CommandError::usage(format!("the variable {VARIABLE} cannot be used: {problem}"))
            .hint(format!("use {SHORTEST_KEY} characters or more"))
            .hint(hint)
    };
    Pseudonyms::new(&key).map(Some).map_err(problem)
}
