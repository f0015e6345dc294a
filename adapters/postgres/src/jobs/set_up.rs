use std::time::Duration;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::schemas::Steps;
use crate::{Migrations, PostgresConfig, PostgresSchemaProvider, SharedMigrations, SharedSchema};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("job-migrations");

/// A ledger of their own, since a host without jobs has no use for their tables.
const LEDGER: &str = "tenantry_job_migrations";

impl SharedMigrations {
    /// What makes the tables and functions of [`PostgresJobQueue`](crate::jobs::PostgresJobQueue) and
    /// [`PostgresJobSchedules`](crate::jobs::PostgresJobSchedules), in the schema `public`. Their ledger is
    /// `tenantry_job_migrations`.
    ///
    /// Whoever puts jobs in or works needs SELECT, INSERT, UPDATE and DELETE on the four tables.
    pub fn of_jobs(config: PostgresConfig) -> Self {
        Self::of_steps(config, steps(PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT))
    }
}

fn steps(lock_timeout: Duration) -> Steps {
    Steps {
        // They are part of this crate, and its tests run them.
        migrations: Migrations::embedded(&MIGRATIONS).expect("our own migrations are well formed"),
        shared: SharedSchema::default(),
        ledger: LEDGER,
        lock_timeout,
    }
}
