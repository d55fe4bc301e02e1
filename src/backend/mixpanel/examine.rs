//! What the account may read, found out by harmless reads.

use std::sync::Arc;

use super::problem::Problem;
use super::read::{Acting, MixpanelReader};
use super::sift::Seen;
use super::{regions, wire};
use crate::backend::BackendError;
use crate::catalogue::{Field, Fields, Operation, Region};
use crate::model::ProjectId;

/// What was found out about one organization.
#[derive(Debug)]
pub struct Examination {
    /// Who the account is; the first request, without which no other is made.
    pub identity: Result<Identity, Box<Problem>>,
    /// The reads that were tried, in the order of the catalogue; without the first one where that failed.
    pub reads: Vec<(Operation, Result<(), Box<Problem>>)>,
    /// The project that reads about one project were tried on; `None` where the account sees none.
    pub project: Option<ProjectId>,
    /// Whether SCIM answers; `None` where there is no token for it.
    pub scim: Option<Result<(), Box<Problem>>>,
}

/// Who the account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub acting: Acting,
    /// The organization's name.
    pub organization: Option<String>,
    /// Where the projects are that the account sees, each region once.
    pub regions: Vec<Region>,
}

impl MixpanelReader<'_, '_> {
    /// Tries every read once that may be sent, those of projects on one project.
    ///
    /// # Errors
    /// When the system does not let requests be made at all. A request that fails is part of what is found out.
    pub fn examine(&self) -> Result<Examination, BackendError> {
        let organization = self.transport.settings().organization;
        self.transport.block_on(self.try_reads()).map_err(|error| BackendError::Failed {
            doing: format!("cannot examine organization {organization}"),
            source: error.into(),
        })
    }

    async fn try_reads(&self) -> Examination {
        let scim = match self.transport.scim_token() {
            Some(_) => {
                let start = Fields::default().with(Field::Start, 1);
                Some(self.try_scim(start).await)
            }
            None => None,
        };
        let (identity, project) = match self.identify().await {
            Ok(found) => found,
            Err(problem) => return Examination { identity: Err(problem), reads: Vec::new(), project: None, scim },
        };
        let mut reads = vec![(Operation::Me, Ok(()))];
        for operation in Operation::every().filter(|operation| operation.entry().is_read()) {
            let of_project = operation.fields().contains(&Field::Project);
            let may_send = self.transport.settings().catalogue.may_send(operation);
            let known = project.filter(|_| of_project);
            if operation == Operation::Me || operation.is_scim() || !may_send || of_project != known.is_some() {
                continue;
            }
            reads.extend(self.try_rows(operation, known).await.map(|read| (operation, read)));
        }
        let project = project.and_then(|(id, _)| ProjectId::new(id.0).ok());
        Examination { identity: Ok(identity), reads, project, scim }
    }

    async fn try_scim(&self, start: Fields) -> Result<(), Box<Problem>> {
        let call = self.transport.call(Operation::ScimListUsers, &[start], None)?;
        self.transport.send(&call).await.map(drop)
    }

    /// Reads a list as it is read for a plan, so that what answers in another form counts as no answer.
    async fn try_rows(
        &self,
        operation: Operation,
        project: Option<(wire::Id, Option<Region>)>,
    ) -> Option<Result<(), Box<Problem>>> {
        // Each list has rows of a form of its own; what is listed here by no form is told as not tried.
        if operation == Operation::ListProjects {
            Some(self.rows::<wire::Project>(operation, None).await.map(drop))
        } else if operation == Operation::ListUsers {
            Some(self.rows::<wire::User>(operation, None).await.map(drop))
        } else if operation == Operation::ListInvitations {
            Some(self.rows::<wire::Invitation>(operation, None).await.map(drop))
        } else if operation == Operation::ListTeams {
            Some(self.rows::<wire::Team>(operation, None).await.map(drop))
        } else if operation == Operation::ListCustomRoles {
            Some(self.rows::<wire::CustomRole>(operation, project).await.map(drop))
        } else if let (Operation::ListGrants, Some((id, region))) = (operation, project) {
            Some(self.granted(id, region, &Arc::new(Seen::nobody())).await.map(drop))
        } else {
            None
        }
    }

    /// Who the account is, and one project that it sees.
    async fn identify(&self) -> Result<(Identity, Option<(wire::Id, Option<Region>)>), Box<Problem>> {
        let (call, me) = self.me().await?;
        let organization = self.own(&call, &me)?;
        let own = self.transport.settings().organization.get();
        let mut projects = me
            .projects
            .iter()
            .filter(|(_, project)| project.organization_id.is_none_or(|organization| organization.0 == own))
            .map(|(id, project)| (*id, project.domain.as_deref().and_then(regions::of_domain)));
        let mut regions: Vec<Region> = projects.clone().filter_map(|(_, region)| region).collect();
        regions.sort_unstable();
        regions.dedup();
        self.transport.remember(organization.role.clone(), regions.clone());
        let acting =
            Acting { email: me.user_email.clone(), name: me.user_name.clone(), role: organization.role.clone() };
        let name = organization.name.clone();
        Ok((Identity { acting, organization: name, regions }, projects.next()))
    }
}
