use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tenantry_conformance::Migrations as Chosen;

use crate::Migrations;

const FIRST: EmbeddedMigrations = embed_migrations!("src/conformance/migrations/first");
const ALL: EmbeddedMigrations = embed_migrations!("src/conformance/migrations/all");
const SECOND_FAILS: EmbeddedMigrations =
    embed_migrations!("src/conformance/migrations/second_fails");
const SHARED: EmbeddedMigrations = embed_migrations!("src/conformance/migrations/shared");

/// The tenant migrations of the suite.
pub(super) fn of_tenants(chosen: Chosen) -> Migrations {
    let embedded = match chosen {
        Chosen::All => &ALL,
        Chosen::First => &FIRST,
        Chosen::SecondFails => &SECOND_FAILS,
    };
    Migrations::embedded(embedded).expect("migrations that are taken")
}

/// The shared table of the suite. Its version leaves room for those of a host, in the one ledger.
pub(super) fn shared() -> Migrations {
    Migrations::embedded(&SHARED).expect("migrations that are taken")
}
