//! What visitors have done with tenants.

use std::collections::BTreeSet;

use tenantry::{NewTenant, Tenant, TenantStatus};

use super::failure::sentence_of;
use super::visit::Visit;
use crate::access::Right;
use crate::operations::{OperationKind, OperationState};
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

/// How the work on a tenant goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// There is none.
    Idle,
    Running,
    /// It ended without success, for that reason.
    Ended(String),
}

impl Visit {
    /// Whether this operator may make tenants: they would be beyond one who has some only.
    pub(super) fn may_create(&self) -> bool {
        self.operator.may(Right::Manage) && self.operator.tenants().is_none()
    }

    /// Records a tenant, and begins to provision it.
    pub(super) async fn create(&self, new: NewTenant) -> Result<Tenant, Refusal> {
        let tenant = self.admin.create(&self.operator, new).await?;
        let kind = OperationKind::CreateTenant;
        let begun = self.admin.begin_to_provision(&self.operator, &tenant, kind);
        match begun.await {
            Ok(_) => Ok(tenant),
            Err(source) => Err(Refusal::NotProvisioned {
                slug: *tenant.slug(),
                source: Box::new(source),
            }),
        }
    }

    /// Begins to provision a tenant. Whoever looks at it sees how that goes.
    pub(super) async fn provision(&self, tenant: &Tenant) -> Result<(), Refusal> {
        let kind = OperationKind::ProvisionTenant;
        let begun = self.admin.begin_to_provision(&self.operator, tenant, kind);
        begun.await.map(drop)
    }

    /// How the provisioning of a tenant goes, in whichever process it is done.
    pub(super) async fn work_on(&self, tenant: &Tenant) -> Result<Work, Refusal> {
        if tenant.status() != TenantStatus::Pending {
            return Ok(Work::Idle);
        }
        let own = BTreeSet::from([tenant.id()]);
        let latest = self.admin.operations.latest(Some(&own), 1).await?;
        let Some(latest) = latest.into_iter().next() else {
            return Ok(Work::Idle);
        };
        Ok(match latest.state {
            OperationState::Running => Work::Running,
            OperationState::Done => Work::Idle,
            OperationState::Failed => Work::Ended(latest.problem.map_or_else(
                || "Provisioning failed.".into(),
                |problem| sentence_of(&problem.detail),
            )),
            OperationState::Interrupted => Work::Ended(
                "Provisioning was interrupted. Provision it again: what was done stays done."
                    .into(),
            ),
        })
    }

    /// Lets operators of every tenant go on who have a right.
    pub(super) fn demand_everywhere(&self, right: Right) -> Result<(), Refusal> {
        if !self.operator.may(right) {
            return Err(Refusal::RightMissing { right });
        }
        if self.operator.tenants().is_some() {
            return Err(PartRefusal::NotEverywhere.into());
        }
        Ok(())
    }
}
