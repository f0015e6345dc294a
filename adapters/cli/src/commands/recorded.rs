use std::fmt::Display;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditTarget};
use tenantry::{Actor, BoxError, Excerpt};

use crate::database::Database;
use crate::error::{CliError, chain};

/// What an operator is about to do.
pub(crate) struct Act<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) chain: AuditChain,
    pub(crate) action: &'static str,
    pub(crate) target: &'a dyn Display,
    /// What else is worth knowing: no secrets, since it is there for good.
    pub(crate) detail: Value,
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
        let detail = json!({ "error": chain(&error).join(": ") });
        // The error of the work is the one to tell.
        let _ = write(database, act, format!("{}.failed", act.action), &detail);
        error
    })
}

fn write(
    database: &Database,
    act: &Act<'_>,
    action: String,
    detail: &Value,
) -> Result<(), CliError> {
    let target = act.target.to_string();
    let unwritable = |error: BoxError| CliError::Database(error);
    let action = AuditAction::new(action).map_err(|error| unwritable(error.into()))?;
    let target = AuditTarget::new(&*target)
        .or_else(|_| AuditTarget::new(Excerpt::of(&target).to_string()))
        .map_err(|error| unwritable(error.into()))?;
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
