//! Making, migrating and removing the tenants' files.

mod create;
mod inspect;
mod migrate;
mod migrations;
mod provider;
mod remove;
mod shared;
mod unfinished;

pub use provider::SqliteSchemaProvider;
pub use shared::{SharedMigrationError, migrate_shared};
