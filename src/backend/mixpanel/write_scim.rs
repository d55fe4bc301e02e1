//! Changes an organization over SCIM: makes and removes people of claimed domains, and changes who is in a team.
//!
//! Nobody outside was seen to use these requests on the service, so the first change of members in a run is checked:
//! the group is read before and after it, and must differ by exactly what was asked for (dossier section 7). Otherwise
//! nothing more of its kind is sent.

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{Cause, Problem};
use super::scim::{Directory, Found, made_user, member_path, members};
use super::transport::Transport;
use crate::backend::BackendError;
use crate::catalogue::{Field, Fields, Operation};
use crate::change::Change;
use crate::model::Email;

/// The way over SCIM, with what was found out on it.
#[derive(Debug)]
pub(super) struct ScimWriter<'t, 'a> {
    transport: &'t Transport<'a>,
    directory: Directory,
    /// What the first change of members showed, by operation.
    proofs: BTreeMap<Operation, Proof>,
    /// Whether SCIM refuses every request, be it for the token or for their number. None is sent any more then.
    is_over: bool,
}

/// What a request was seen to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Proof {
    /// What it was asked for.
    Right,
    /// Something else.
    Wrong,
}

impl<'t, 'a> ScimWriter<'t, 'a> {
    /// A way on which nothing was asked yet.
    pub(super) fn new(transport: &'t Transport<'a>) -> Self {
        Self { transport, directory: Directory::default(), proofs: BTreeMap::new(), is_over: false }
    }

    /// Whether SCIM refuses every request.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes note of a problem that every other request would meet.
    fn noted<T>(&mut self, result: Result<T, BackendError>) -> Result<T, BackendError> {
        if let Err(BackendError::Request(problem)) = &result {
            let is_refused = matches!(problem.cause, Cause::NoScimToken | Cause::Status { code: 401 | 429, .. });
            self.is_over |= is_refused && problem.operation.is_scim();
        }
        result
    }

    /// Forgets what groups are called.
    pub(super) fn forget_groups(&mut self) {
        self.directory.forget_groups();
    }

    /// Performs `changes`, which are of one kind; what became of each.
    pub(super) async fn perform(&mut self, changes: &[&Change]) -> Result<Vec<Result<(), BackendError>>, BackendError> {
        let Some(operation) = changes.first().and_then(|change| Operation::of_scim(change.kind())) else {
            return Ok(Vec::new());
        };
        let mut items = Vec::with_capacity(changes.len());
        for change in changes {
            if self.is_over {
                items.push(Err(BackendError::NotTried));
                continue;
            }
            let fields = self.fields(operation, change).await;
            items.push(self.noted(fields));
        }
        if operation.entry().is_proved {
            return Ok(self.change_members(operation, items).await);
        }
        let mut results = Vec::with_capacity(changes.len());
        for (change, item) in changes.iter().zip(items) {
            let result = match (item, change) {
                (Err(error), _) => Err(error),
                (Ok(_), _) if self.is_over => Err(BackendError::NotTried),
                (Ok(item), Change::InviteUser { user, .. }) => self.create(user, item).await,
                (Ok(item), _) => self.remove(operation, item).await,
            };
            results.push(self.noted(result));
        }
        Ok(results)
    }

    /// The values of the request for `change`.
    async fn fields(&mut self, operation: Operation, change: &Change) -> Result<Fields, BackendError> {
        let mut fields = Fields::default();
        let Some(user) = change.user() else { return Ok(fields) };
        fields = fields.with(Field::User, user.as_str());
        if operation == Operation::ScimCreateUser {
            return Ok(fields);
        }
        let id = match self.directory.user(self.transport, user).await? {
            Found::Id(id) => id,
            Found::Nobody => {
                let problem = format!("SCIM does not see `{user}`: it sees people of claimed domains who have joined");
                return Err(not_sent(operation, problem));
            }
            Found::Several => {
                return Err(not_sent(operation, format!("SCIM has several users called `{user}`")));
            }
        };
        fields = fields.with(Field::ScimMember, member_path(&id)).with(Field::ScimUser, id);
        let Some(team) = change.team() else { return Ok(fields) };
        match self.directory.group(self.transport, team).await? {
            Found::Id(id) => Ok(fields.with(Field::Team, team.as_str()).with(Field::ScimGroup, id)),
            Found::Nobody => Err(not_sent(operation, format!("SCIM has no group called `{team}`"))),
            Found::Several => Err(not_sent(
                operation,
                format!(
                    "SCIM has several groups called `{team}`, in upper or lower case; which one is meant is not known"
                ),
            )),
        }
    }

    /// Makes somebody a member of the organization.
    async fn create(&mut self, user: &Email, item: Fields) -> Result<(), BackendError> {
        let operation = Operation::ScimCreateUser;
        let call = self.transport.call(operation, &[item], None)?;
        let accepted = self.transport.send(&call).await.map_err(|problem| not_made(user, problem))?;
        let wrong = |(place, problem)| self.transport.shape_problem(&call, place, problem);
        let (id, name) = made_user(accepted.results.get()).map_err(wrong)?;
        if name.is_some_and(|name| name.trim().to_lowercase() != user.as_str()) {
            let problem = "another user was made than was asked for".to_owned();
            return Err(self.transport.shape_problem(&call, "`userName`".to_owned(), problem).into());
        }
        self.directory.learn_user(user, id);
        Ok(())
    }

    /// Removes somebody from the organization.
    async fn remove(&mut self, operation: Operation, item: Fields) -> Result<(), BackendError> {
        let call = self.transport.call(operation, &[item], None)?;
        match self.transport.send(&call).await {
            Ok(_) => Ok(()),
            // An earlier try did it, and its answer was lost.
            Err(problem) if problem.is_doubtful && matches!(problem.cause, Cause::Status { code: 404, .. }) => Ok(()),
            Err(problem) => Err(problem.into()),
        }
    }

    /// Adds people to a group or takes them out, the first one by itself until the request has proved right.
    async fn change_members(
        &mut self,
        operation: Operation,
        items: Vec<Result<Fields, BackendError>>,
    ) -> Vec<Result<(), BackendError>> {
        let mut results: Vec<Result<(), BackendError>> = Vec::with_capacity(items.len());
        let mut rest: Vec<Fields> = Vec::new();
        let mut places = Vec::new();
        for item in items {
            match item {
                Err(error) => results.push(Err(error)),
                Ok(_) if self.is_over => results.push(Err(BackendError::NotTried)),
                Ok(item) if self.proofs.contains_key(&operation) => {
                    places.push(results.len());
                    results.push(Ok(()));
                    rest.push(item);
                }
                Ok(item) => {
                    let proved = self.prove(operation, item).await;
                    results.push(self.noted(proved));
                }
            }
        }
        let sent = match (rest.is_empty(), self.is_over) {
            (true, _) => Ok(()),
            (false, true) => Err(BackendError::NotTried),
            (false, false) => self.send(operation, &rest).await,
        };
        if let Err(problem) = self.noted(sent) {
            // One request, so one cause; whoever reads sees it at each of its changes.
            let (doing, source) = (problem.to_string(), causes(&problem).collect::<Vec<_>>().join(": "));
            for place in places {
                results[place] = Err(match &problem {
                    // Whether it may have been done all the same is known of it.
                    BackendError::Request(problem) => problem.clone().into(),
                    BackendError::Stopped => BackendError::Stopped,
                    BackendError::NotTried => BackendError::NotTried,
                    BackendError::Misfit(_)
                    | BackendError::Failed { .. }
                    | BackendError::Unsound { .. }
                    | BackendError::Busy(_) => {
                        BackendError::Failed { doing: doing.clone(), source: source.clone().into() }
                    }
                });
            }
        }
        results
    }

    /// Sends one request for `items`, unless the operation was seen to do something else.
    async fn send(&self, operation: Operation, items: &[Fields]) -> Result<(), BackendError> {
        if self.proofs.get(&operation) == Some(&Proof::Wrong) {
            return Err(not_sent(
                operation,
                "the first one of this run did something else than it was asked for".to_owned(),
            ));
        }
        let call = self.transport.call(operation, items, None)?;
        self.transport.send(&call).await?;
        Ok(())
    }

    /// Changes one membership, and looks whether the group has changed by it and by nothing else.
    async fn prove(&mut self, operation: Operation, item: Fields) -> Result<(), BackendError> {
        let is_added = operation == Operation::ScimAddMembers;
        let before = self.members(&item).await?;
        let mut expected = before.clone();
        if let Some(user) = item.get(Field::ScimUser).and_then(|id| id.as_str()) {
            if is_added {
                expected.insert(user.to_owned())
            } else {
                expected.remove(user)
            };
        }
        self.send(operation, std::slice::from_ref(&item)).await?;
        let after = self.members(&item).await;
        let after = self.noted(after).map_err(|error| BackendError::Failed {
            doing: format!("what `{}` did cannot be checked", operation.entry().name),
            source: Box::new(error),
        })?;
        if after == expected {
            // Where it was so before, nothing is proved.
            if before != expected {
                self.proofs.insert(operation, Proof::Right);
            }
            return Ok(());
        }
        self.proofs.insert(operation, Proof::Wrong);
        let missing = expected.difference(&after).count();
        let strange = after.difference(&expected).count();
        let found = format!(
            "of the {} members that SCIM should show of the group, {missing} are missing, and {strange} others are there; \
             look at the team, and take `backend.scim` away",
            expected.len()
        );
        let doing = format!("`{}` did something else than it was asked for", operation.entry().name);
        Err(BackendError::Failed { doing, source: found.into() })
    }

    /// The ids of the members of the group that `item` names.
    async fn members(&self, item: &Fields) -> Result<BTreeSet<String>, BackendError> {
        let call = self.transport.call(Operation::ScimReadGroup, std::slice::from_ref(item), None)?;
        let accepted = self.transport.send(&call).await?;
        let wrong = |(place, problem)| self.transport.shape_problem(&call, place, problem);
        Ok(members(accepted.results.get()).map_err(wrong)?)
    }
}

/// Why somebody was not made a member, with the other way where SCIM refuses (dossier section 5).
fn not_made(user: &Email, problem: Box<Problem>) -> BackendError {
    if !matches!(problem.cause, Cause::Status { code: 400 | 409 | 422, .. }) {
        return problem.into();
    }
    let doing = format!(
        "SCIM does not make `{user}` a member. It takes nobody who has a Mixpanel account outside the organization, or \
         whose domain is not claimed: such a person needs an ordinary invitation (Organization settings, Users)"
    );
    BackendError::Failed { doing, source: problem }
}

/// A request that was not even sent, and why.
fn not_sent(operation: Operation, problem: String) -> BackendError {
    BackendError::Failed { doing: format!("`{}` is not sent", operation.entry().name), source: problem.into() }
}

fn causes(error: &BackendError) -> impl Iterator<Item = String> {
    let source = std::error::Error::source(error);
    std::iter::successors(source, |cause| cause.source()).map(ToString::to_string)
}
