use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::SimpleConnection;

use crate::TenantConnection;

/// Whether a transaction may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Sets what lasts until the transaction's end. PostgreSQL lets nothing in it take the first back.
pub(super) fn apply(
    connection: &mut TenantConnection,
    access: Access,
    timeout: Duration,
) -> QueryResult<()> {
    let access = match access {
        Access::Read => "SET TRANSACTION READ ONLY; ",
        Access::Write => "",
    };
    let timeout = timeout.as_millis().clamp(1, 2_147_483_647);
    connection.batch_execute(&format!(
        "{access}SET LOCAL statement_timeout = {timeout}; SET LOCAL lock_timeout = {timeout}; \
         SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1; \
         SET LOCAL jit = off"
    ))
}
