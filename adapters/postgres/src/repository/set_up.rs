use std::time::Duration;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::schemas::Steps;
use crate::{Migrations, SharedSchema};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Tenantry's own tables have a ledger of their own, so that the host's and ours don't count as each other's.
const LEDGER: &str = "tenantry_schema_migrations";

/// What makes the repository's table.
pub(crate) fn steps(lock_timeout: Duration) -> Steps {
    Steps {
        // They are part of this crate, and its tests read them.
        migrations: Migrations::embedded(&MIGRATIONS).expect("our own migrations are well formed"),
        shared: SharedSchema::default(),
        ledger: LEDGER,
        lock_timeout,
    }
}
