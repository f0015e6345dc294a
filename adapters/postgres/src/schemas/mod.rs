//! Tenants' schemas, their migrations, and those of the shared schema.
//!
//! ```text
//!  migrations      Migrations              read and checked once
//!  provider        PostgresSchemaProvider  create, migrate, inspect, remove, list
//!  shared          SharedMigrations        the host's own tables in the shared schema
//!  reading         what the provider tells
//!  changing        what the provider does
//!  run, script     one transaction; statements that tell their SQLSTATE
//!  outside         what a migration did outside of its schema
//!  eviction        nobody trusts a name that changes its meaning
//!  removal         what a DROP … CASCADE would take with it
//!  catalog         what is there
//!  fault, trouble  what went wrong
//! ```

mod catalog;
mod changing;
mod eviction;
mod fault;
mod migrations;
mod outside;
mod provider;
mod reading;
mod removal;
mod run;
mod script;
mod shared;
mod shared_schema;
mod trouble;

pub use fault::SchemaFault;
pub use migrations::Migrations;
pub use provider::PostgresSchemaProvider;
pub use reading::FleetSchema;
pub use shared::{SharedError, SharedMigrations};
pub use shared_schema::{SharedSchema, SharedSchemaError};

pub(crate) use shared::Steps;
pub(crate) use trouble::Trouble;
