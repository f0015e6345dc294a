use crate::ServiceError;
use crate::SlugError;
use crate::ports::{RepositoryError, SchemaError};
use crate::provisioning::ProvisioningError;

/// Where an error comes from, and with it what an interface answers: HTTP a status, a command an exit code.
///
/// A service's error answers with one of these and a stable [reason](ServiceError::reason), by a match without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// What was asked for breaks a rule, whatever is stored.
    Invalid,
    /// Nothing has that name.
    NotFound,
    /// What is stored doesn't allow it: somebody has to change that first.
    Conflict,
    /// It was based on a record that has changed since.
    Stale,
    /// Something is away or busy. It may succeed after a while.
    Unavailable,
    /// The host's own: its set-up, its migrations, its data, or its code.
    Internal,
}

impl ServiceError {
    /// Where it comes from.
    pub fn fault(&self) -> Fault {
        self.class().0
    }

    /// Why, as a stable code for machines.
    pub fn reason(&self) -> &'static str {
        self.class().1
    }

    fn class(&self) -> (Fault, &'static str) {
        match self {
            Self::Slug(SlugError::Reserved { .. }) => (Fault::Invalid, "slug_reserved"),
            Self::Slug(
                SlugError::InvalidCharacter { .. }
                | SlugError::TooShort { .. }
                | SlugError::TooLong { .. }
                | SlugError::OuterHyphen { .. }
                | SlugError::Punycode { .. }
                | SlugError::LikeAnId { .. },
            ) => (Fault::Invalid, "slug_invalid"),
            Self::Refused(_) | Self::Provisioning(ProvisioningError::Refused(_)) => {
                (Fault::Conflict, "status_forbids")
            }
            Self::Provisioning(error) => of_provisioning(error),
            Self::Repository(error) => of_repository(error),
            Self::Schema(error) => of_schema(error),
        }
    }
}

fn of_provisioning(error: &ProvisioningError) -> (Fault, &'static str) {
    match error {
        ProvisioningError::Refused(_) => (Fault::Conflict, "status_forbids"),
        ProvisioningError::Vanished { .. } => (Fault::Conflict, "schema_missing"),
        ProvisioningError::Foreign { .. } => (Fault::Conflict, "schema_foreign"),
        ProvisioningError::OutOfStep { .. } => (Fault::Internal, "driver_out_of_step"),
    }
}

fn of_repository(error: &RepositoryError) -> (Fault, &'static str) {
    match error {
        RepositoryError::NotFound { .. } => (Fault::NotFound, "tenant_not_found"),
        RepositoryError::AlreadyExists { .. } => (Fault::Conflict, "tenant_exists"),
        RepositoryError::Stale { .. } => (Fault::Stale, "tenant_stale"),
        RepositoryError::Inconsistent { .. } => (Fault::Internal, "record_inconsistent"),
        RepositoryError::Unreadable { .. } => (Fault::Internal, "record_unreadable"),
        RepositoryError::Unavailable { .. } => (Fault::Unavailable, "tenants_unavailable"),
        RepositoryError::NotSetUp { .. } => (Fault::Internal, "tenants_not_set_up"),
        RepositoryError::Failed { .. } => (Fault::Internal, "tenants_failed"),
    }
}

fn of_schema(error: &SchemaError) -> (Fault, &'static str) {
    match error {
        SchemaError::Missing { .. } => (Fault::Conflict, "schema_missing"),
        SchemaError::Foreign { .. } => (Fault::Conflict, "schema_foreign"),
        SchemaError::Busy { .. } => (Fault::Unavailable, "schema_busy"),
        SchemaError::MigrationFailed { .. } => (Fault::Internal, "migration_failed"),
        SchemaError::MigrationRefused { .. } => (Fault::Internal, "migration_refused"),
        SchemaError::MigrationsUnreadable { .. } => (Fault::Internal, "migrations_unreadable"),
        SchemaError::Forbidden { .. } => (Fault::Internal, "schema_forbidden"),
        SchemaError::StorageFull { .. } => (Fault::Unavailable, "storage_full"),
        SchemaError::Unavailable { .. } => (Fault::Unavailable, "schemas_unavailable"),
        SchemaError::Failed { .. } => (Fault::Internal, "schemas_failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Retry;

    #[test]
    fn what_can_succeed_later_is_unavailable_and_never_anything_else() {
        let unavailable = || -> ServiceError {
            SchemaError::Unavailable {
                source: "away".into(),
            }
            .into()
        };
        let failed = || -> ServiceError {
            RepositoryError::Failed {
                source: "odd".into(),
            }
            .into()
        };
        assert_eq!(unavailable().retry(), Retry::Later);
        assert_eq!(unavailable().fault(), Fault::Unavailable);
        assert_eq!(unavailable().reason(), "schemas_unavailable");
        assert_eq!(failed().retry(), Retry::Never);
        assert_eq!(failed().fault(), Fault::Internal);
        let slug = crate::Slug::new("admin").expect_err("it is reserved");
        assert_eq!(ServiceError::from(slug).reason(), "slug_reserved");
    }
}
