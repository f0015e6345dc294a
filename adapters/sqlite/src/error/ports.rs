use std::time::Duration;

use tenantry::TenantSchema;
use tenantry::ports::{RepositoryError, SchemaError, ScopeError};

use super::{Cause, Classified};

const RIGHTS: &str = "let the process's user write to the folder and its files";

/// What a Diesel error in a scope means: no room, a lock that was held too long, or a statement that failed.
///
/// A host's own error type can be made of it, so that work in a scope is free to use `?`.
///
/// ```
/// use diesel::result::Error;
/// use tenantry::ports::ScopeError;
///
/// let failed = tenantry_sqlite::scope_error(Error::NotFound);
/// assert!(matches!(failed, ScopeError::Failed { .. }));
/// ```
pub fn scope_error(error: diesel::result::Error) -> ScopeError {
    for_scope(None, error.into())
}

pub(crate) fn for_scope(schema: Option<TenantSchema>, error: Classified) -> ScopeError {
    let Classified { cause, source } = error;
    match (cause, schema) {
        (Cause::Busy | Cause::Unavailable, _) => ScopeError::Unavailable { source },
        (Cause::Full, _) => ScopeError::StorageFull { source },
        (Cause::Changed, Some(schema)) => ScopeError::SchemaChanged { schema, source },
        (Cause::Forbidden, Some(schema)) => ScopeError::SchemaUnusable { schema },
        (Cause::Transaction, _) => ScopeError::TransactionEnded,
        (
            Cause::Changed
            | Cause::Forbidden
            | Cause::NotADatabase
            | Cause::NoSuchTable
            | Cause::Other,
            _,
        ) => ScopeError::Failed { source },
    }
}

pub(crate) fn for_schema(schema: TenantSchema, waited: Duration, error: Classified) -> SchemaError {
    let Classified { cause, source } = error;
    match cause {
        Cause::Busy => SchemaError::Busy {
            schema,
            waited,
            source: Some(source),
        },
        Cause::Full => SchemaError::StorageFull { schema, source },
        Cause::Forbidden => SchemaError::Forbidden {
            schema,
            advice: RIGHTS,
            source,
        },
        Cause::Unavailable | Cause::Changed => SchemaError::Unavailable { source },
        Cause::NotADatabase | Cause::NoSuchTable | Cause::Transaction | Cause::Other => {
            SchemaError::Failed { source }
        }
    }
}

pub(crate) fn for_repository(error: Classified) -> RepositoryError {
    let Classified { cause, source } = error;
    match cause {
        Cause::Busy | Cause::Unavailable | Cause::Full => RepositoryError::Unavailable { source },
        Cause::NoSuchTable => RepositoryError::NotSetUp {
            advice: "call SqliteTenantRepository::set_up once",
            source,
        },
        Cause::Forbidden
        | Cause::Changed
        | Cause::NotADatabase
        | Cause::Transaction
        | Cause::Other => RepositoryError::Failed { source },
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tenantry::{SchemaName, Slug, TenantId};

    use super::*;

    fn schema() -> TenantSchema {
        TenantSchema {
            tenant: TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [1; 10]),
            name: SchemaName::of(&Slug::new("acme").unwrap()),
        }
    }

    #[test]
    fn a_folder_that_may_not_be_written_is_forbidden_with_advice() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = for_schema(schema(), Duration::ZERO, denied.into());
        assert!(matches!(error, SchemaError::Forbidden { advice, .. } if advice == RIGHTS));
    }

    #[test]
    fn a_tenants_file_that_may_not_be_opened_is_unusable() {
        let denied = || Classified::from(io::Error::from(io::ErrorKind::PermissionDenied));
        let entering = for_scope(Some(schema()), denied());
        assert!(matches!(entering, ScopeError::SchemaUnusable { .. }));
        let in_the_work = for_scope(None, denied());
        assert!(matches!(in_the_work, ScopeError::Failed { .. }));
    }

    #[test]
    fn a_full_disk_is_no_room_left_for_every_port() {
        let full = || Classified::from(io::Error::from(io::ErrorKind::StorageFull));
        let schema_error = for_schema(schema(), Duration::ZERO, full());
        assert!(matches!(schema_error, SchemaError::StorageFull { .. }));
        assert!(matches!(
            for_scope(None, full()),
            ScopeError::StorageFull { .. }
        ));
        assert!(matches!(
            for_repository(full()),
            RepositoryError::Unavailable { .. }
        ));
    }
}
