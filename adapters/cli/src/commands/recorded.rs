use std::fmt::Display;

use futures_lite::future::block_on;
use serde::Serialize;
use serde_json::{Value, json};
use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditTarget};
use tenantry::jobs::JobScope;
use tenantry::{Actor, BoxError, Tenant};

use crate::database::Database;
use crate::error::CliError;

/// What an operator is about to do.
pub(crate) struct Act<'a> {
    actor: &'a Actor,
    chain: AuditChain,
    action: &'static str,
    target: &'a dyn Display,
    detail: Value,
}

impl<'a> Act<'a> {
    /// Something that is done to a tenant, or inside of it.
    pub(crate) fn on_tenant(actor: &'a Actor, tenant: &'a Tenant, action: &'static str) -> Self {
        let chain = AuditChain::Tenant(tenant.id());
        Self::in_chain(actor, chain, action, tenant.slug())
    }

    /// Something that is done to this, in whose log it says.
    pub(crate) fn in_chain(
        actor: &'a Actor,
        chain: AuditChain,
        action: &'static str,
        target: &'a dyn Display,
    ) -> Self {
        Self {
            actor,
            chain,
            action,
            target,
            detail: json!({}),
        }
    }

    /// The same, with what else is worth knowing: no secrets, since it is there for good.
    pub(crate) fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}

/// The log that tells of what is done in a scope.
pub(crate) fn chain_of(scope: JobScope) -> AuditChain {
    match scope {
        JobScope::Tenant(id) => AuditChain::Tenant(id),
        JobScope::Shared => AuditChain::Shared,
    }
}

/// Does something that is in the audit log before it is done. What can't be recorded isn't done; if it fails, the log has that,
/// too: under the same action, with `.failed` behind it.
pub(crate) fn recorded<T, E: Into<CliError>>(
    database: &Database,
    act: &Act<'_>,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, CliError> {
    write(database, act, act.action.to_owned(), &act.detail)?;
    work().map_err(|error| {
        let error = error.into();
        // Its text may hold what a row does, and the log is for good.
        // The error of the work is the one to tell.
        let _ = record_failure(database, act, &json!({ "reason": error.reason() }));
        error
    })
}

/// Says in the log of something that is there already that it failed, or some of it.
pub(crate) fn record_failure(
    database: &Database,
    act: &Act<'_>,
    detail: &impl Serialize,
) -> Result<(), CliError> {
    write(database, act, format!("{}.failed", act.action), detail)
}

fn write(
    database: &Database,
    act: &Act<'_>,
    action: String,
    detail: &impl Serialize,
) -> Result<(), CliError> {
    let unwritable = |error: BoxError| CliError::Database(error);
    let target =
        AuditTarget::excerpt(&act.target.to_string()).map_err(|error| unwritable(error.into()))?;
    let action = AuditAction::new(action).map_err(|error| unwritable(error.into()))?;
    let detail = AuditDetail::of(detail).map_err(|error| unwritable(error.into()))?;
    let log = database.audit();
    let record = log.record(act.chain, act.actor.clone(), action, target, detail);
    block_on(record)
        .map(drop)
        .map_err(|error| match error.into() {
            CliError::Audit(error) => CliError::Unrecorded(error),
            error => error,
        })
}
