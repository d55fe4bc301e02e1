//! What of a request does the service take? A request for many items that it refuses is sent in smaller parts, so that
//! one item that cannot be done is named and does not hold up the others.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::problem::Problem;
use super::transport::Transport;
use crate::catalogue::{Fields, Operation};

/// How many requests may be sent for the parts of one: enough to find two items of a hundred.
const MOST_PARTS: usize = 32;

/// How many are sent for the first parts of a request after another of the operation was refused in all its parts:
/// halves, and where both are refused the quarters of the first. Where one of these is taken the others are worth it.
const PROBES: usize = 4;
/// The same after several requests.
const FEWEST_PROBES: usize = 2;
/// After how many requests that were refused in all their parts there are fewer probes.
const SEVERAL: usize = 3;

/// Sends requests, in parts where that helps.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// How many requests in a row were refused in all their parts.
    refused: RefCell<BTreeMap<Operation, usize>>,
}

impl Parts {
    /// Sends a request for `items`, and says of each whether it was not there already.
    ///
    /// # Errors
    /// What kept all items from being done, or from being known to be.
    pub(super) async fn send(
        &self,
        transport: &Transport<'_>,
        operation: Operation,
        items: &[Fields],
    ) -> Result<Vec<Result<bool, Box<Problem>>>, Box<Problem>> {
        let mut results: Vec<Result<bool, Box<Problem>>> = Vec::with_capacity(items.len());
        let before = self.refused.borrow().get(&operation).copied().unwrap_or(0);
        let probes = match before {
            0 => MOST_PARTS,
            number if number < SEVERAL => PROBES,
            _ => FEWEST_PROBES,
        };
        let mut left = probes;
        let mut is_any_taken = false;
        // What a try of the whole may have done before it was refused is refused to its parts as well.
        let mut is_doubtful = false;
        let mut parts = vec![items];
        while let Some(part) = parts.pop() {
            let call = transport.call(operation, part, None)?;
            let problem = match transport.send(&call).await {
                Ok(accepted) => {
                    if !is_any_taken {
                        left += MOST_PARTS - probes;
                    }
                    is_any_taken = true;
                    // The service says only of some operations what was there already.
                    let each = accepted.each.into_iter().chain(std::iter::repeat(true));
                    results.extend(each.take(part.len()).map(Ok));
                    continue;
                }
                Err(mut problem) => {
                    problem.others = part.len() - 1;
                    is_doubtful |= problem.is_doubtful;
                    if is_doubtful {
                        problem.doubt();
                    }
                    problem
                }
            };
            if part.len() > 1 && left >= 2 && is_about_items(&problem) {
                left -= 2;
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
                continue;
            }
            if part.len() == items.len() {
                return Err(problem);
            }
            results.extend(part.iter().map(|_| Err(problem.clone())));
            if problem.is_about_everything() {
                let rest = parts.drain(..).map(<[Fields]>::len).sum();
                results.extend(std::iter::repeat_with(|| Err(problem.clone())).take(rest));
            }
        }
        self.refused.borrow_mut().insert(operation, if is_any_taken { 0 } else { before + 1 });
        Ok(results)
    }
}

/// Whether a refusal may be about single items, and the request may be sent again without them. One that sends mail or
/// makes something is not sent again without reading first: batches may be applied in part (dossier 4.4).
fn is_about_items(problem: &Problem) -> bool {
    problem.cause.may_be_about_one() && problem.operation.entry().repeatable
}
