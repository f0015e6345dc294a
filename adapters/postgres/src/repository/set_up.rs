use std::time::Duration;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tenantry::ports::SchemaError;

use crate::schemas::Steps;
use crate::{Migrations, SharedError, SharedSchema};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Tenantry's own tables have a ledger of their own, so that the host's and ours don't count as each other's.
pub(crate) const LEDGER: &str = "tenantry_schema_migrations";

/// Stands in the migrations for the name of the shared schema.
const SHARED: &str = "{{shared}}";

/// What makes the repository's table in this schema.
pub(crate) fn steps(shared: &SharedSchema, lock_timeout: Duration) -> Result<Steps, SharedError> {
    let migrations =
        Migrations::embedded(&MIGRATIONS).map_err(|error: SchemaError| SharedError::Failed {
            source: error.into(),
        })?;
    Ok(Steps {
        migrations: migrations.map_sql(|text| text.replace(SHARED, &shared.quoted())),
        shared: shared.clone(),
        ledger: LEDGER,
        lock_timeout,
    })
}
