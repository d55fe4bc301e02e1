//! What of a request does the service take? A request for many items that it refuses is sent in smaller parts, so that
//! one item that cannot be done is named and does not hold up the others.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::problem::{Cause, Problem};
use super::transport::Transport;
use crate::catalogue::{Fields, Operation};

/// How many requests may be sent for the parts of one: enough to find two items of a hundred.
const MOST_PARTS: usize = 32;

/// Sends requests, in parts where that helps.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Operations of which no part was taken: others need not be tried in parts.
    hopeless: RefCell<BTreeSet<Operation>>,
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
        let mut left = if self.hopeless.borrow().contains(&operation) { 0 } else { MOST_PARTS };
        let mut is_any_taken = false;
        let mut parts = vec![items];
        while let Some(part) = parts.pop() {
            let call = transport.call(operation, part, None)?;
            let problem = match transport.send(&call).await {
                Ok(accepted) => {
                    is_any_taken = true;
                    // The service says only of some operations what was there already.
                    let each = accepted.each.into_iter().chain(std::iter::repeat(true));
                    results.extend(each.take(part.len()).map(Ok));
                    continue;
                }
                Err(problem) => problem,
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
        if !is_any_taken {
            self.hopeless.borrow_mut().insert(operation);
        }
        Ok(results)
    }
}

/// Whether a refusal may be about single items, and the request may be sent again without them. One that sends mail or
/// makes something is never sent again: batches may be applied in part (dossier 4.4).
fn is_about_items(problem: &Problem) -> bool {
    let is_refused = matches!(problem.cause, Cause::Status { code: 400 | 403 | 404 | 409 | 413 | 422, .. });
    is_refused && problem.operation.entry().repeatable
}
