//! The migrations of the shop, which are part of the program.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tenantry::ports::SchemaError;
use tenantry_postgres::Migrations;

const SHARED: EmbeddedMigrations = embed_migrations!("migrations/shared");
const TENANT: EmbeddedMigrations = embed_migrations!("migrations/tenant");

/// Of the shared schema: the accounts.
///
/// # Errors
/// [`SchemaError`], for a migration that can't be run.
pub fn shared() -> Result<Migrations, SchemaError> {
    Migrations::embedded(&SHARED)
}

/// Of each tenant's schema.
///
/// # Errors
/// [`SchemaError`], for a migration that can't be run.
pub fn tenant() -> Result<Migrations, SchemaError> {
    Migrations::embedded(&TENANT)
}
