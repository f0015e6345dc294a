//! Every change is in the log before it is made.

use std::error::Error;
use std::fmt::Display;
use std::future::Future;

use serde::Serialize;
use serde_json::{Value, json};
use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditLog, AuditTarget};
use tenantry::{Actor, BoxError, TenantId};

use crate::access::Operator;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;
use crate::state::Admin;

/// What is about to be done.
#[derive(Clone)]
pub(crate) struct Act {
    chain: AuditChain,
    action: &'static str,
    target: String,
    detail: Value,
}

impl Act {
    /// Something that is done to a tenant, or inside of it.
    pub(crate) fn in_tenant(tenant: TenantId, action: &'static str, target: impl Display) -> Self {
        Self::in_chain(AuditChain::Tenant(tenant), action, target)
    }

    /// Something that is no tenant's.
    pub(crate) fn shared(action: &'static str, target: impl Display) -> Self {
        Self::in_chain(AuditChain::Shared, action, target)
    }

    pub(crate) fn in_chain(chain: AuditChain, action: &'static str, target: impl Display) -> Self {
        Self {
            chain,
            action,
            target: format!("{target}"),
            detail: json!({}),
        }
    }

    /// What else is worth knowing: no secrets, since it is there for good.
    pub(crate) fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}

impl Admin {
    /// Records what is about to be done. What can't be recorded isn't done.
    pub(crate) async fn record(&self, operator: &Operator, act: Act) -> Result<Recorded, Refusal> {
        let recorded = Recorded {
            log: self.audit.clone(),
            actor: operator.actor().clone(),
            act,
        };
        let Act { action, detail, .. } = &recorded.act;
        recorded.write(action, detail).await?;
        Ok(recorded)
    }

    /// Does something that is recorded first.
    pub(crate) async fn audited<T>(
        &self,
        operator: &Operator,
        act: Act,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        self.record(operator, act).await?.follow(work).await
    }
}

/// What the log has already, and is about to be done.
#[derive(Clone)]
#[must_use = "the log says that it is done"]
pub(crate) struct Recorded {
    log: Option<AuditLog>,
    actor: Actor,
    act: Act,
}

impl Recorded {
    /// Does it. If it fails, the log has that, too: under the same action, with `.failed` behind it.
    pub(crate) async fn follow<T>(
        self,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let done = work.await;
        if let Err(refusal) = &done {
            let detail = json!({ "reason": refusal.reason() });
            self.record_failure(&detail).await;
        }
        done
    }

    /// Says that it failed, or some of it.
    pub(crate) async fn record_failure(&self, detail: &impl Serialize) {
        let action = format!("{}.failed", self.act.action);
        if let Err(error) = self.write(&action, detail).await {
            let error: &dyn Error = &error;
            tracing::error!(error, action, "a failure couldn't be recorded");
        }
    }

    async fn write(&self, action: &str, detail: &impl Serialize) -> Result<(), Refusal> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let unrecordable = |source: BoxError| PartRefusal::Unrecordable { source };
        let action = AuditAction::new(action).map_err(|error| unrecordable(error.into()))?;
        let target =
            AuditTarget::excerpt(&self.act.target).map_err(|error| unrecordable(error.into()))?;
        let detail = AuditDetail::of(detail).map_err(|error| unrecordable(error.into()))?;
        log.record(self.act.chain, self.actor.clone(), action, target, detail)
            .await
            .map(drop)
            .map_err(|source| PartRefusal::Unrecorded { source }.into())
    }
}
