use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Bool;
use tenantry::ports::{RepositoryError, ScopeError, TenantKey};
use tenantry::{BoxError, Retry, Tenant};
use tenantry_postgres::{Fault, SharedConnection};

// ANCHOR: failure
/// Why a statement gave nothing.
pub(super) enum Failure {
    Scope(ScopeError),
    Statement(Error),
}

impl From<ScopeError> for Failure {
    fn from(error: ScopeError) -> Self {
        Self::Scope(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

impl Failure {
    /// What the failure means for whoever asked, by what they can do next.
    pub(super) fn explained(self) -> RepositoryError {
        match self {
            Self::Scope(error) => match error.retry() {
                Retry::Now | Retry::Later => unavailable(error),
                Retry::Never => failed(error),
            },
            Self::Statement(error) => match Fault::of(&error) {
                Fault::Unavailable
                | Fault::LockTimeout
                | Fault::Cancelled
                | Fault::Conflict
                | Fault::StorageFull
                | Fault::Exhausted => unavailable(error),
                _ => failed(error),
            },
        }
    }
}
// ANCHOR_END: failure

fn unavailable(error: impl Into<BoxError>) -> RepositoryError {
    RepositoryError::Unavailable {
        source: error.into(),
    }
}

fn failed(error: impl Into<BoxError>) -> RepositoryError {
    RepositoryError::Failed {
        source: error.into(),
    }
}

/// Whose unique column refused a new account. The shop's other constraints are none of Tenantry's.
pub(super) fn taken(failure: &Failure, tenant: &Tenant) -> Option<TenantKey> {
    let Failure::Statement(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, said)) =
        failure
    else {
        return None;
    };
    match said.constraint_name()? {
        "accounts_handle_key" => Some(TenantKey::Slug(*tenant.slug())),
        "accounts_tenant_id_key" => Some(TenantKey::Id(tenant.id())),
        _ => None,
    }
}

#[derive(QueryableByName)]
struct Has {
    #[diesel(sql_type = Bool)]
    has: bool,
}

/// Whether the accounts have the columns of tenants. It doesn't depend on the language of the server's messages.
pub(super) fn is_set_up(connection: &mut SharedConnection) -> QueryResult<bool> {
    const QUERY: &str = "SELECT EXISTS (SELECT FROM pg_attribute \
        WHERE attrelid = to_regclass('public.accounts') AND attname = 'tenant_status' \
        AND NOT attisdropped) AS has";
    let row: Has = diesel::sql_query(QUERY).get_result(connection)?;
    Ok(row.has)
}
