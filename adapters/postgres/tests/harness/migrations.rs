use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tenantry_conformance::Migrations as Chosen;
use tenantry_postgres::Migrations;

const FIRST: EmbeddedMigrations = embed_migrations!("tests/harness/migrations/first");
const ALL: EmbeddedMigrations = embed_migrations!("tests/harness/migrations/all");
const SECOND_FAILS: EmbeddedMigrations = embed_migrations!("tests/harness/migrations/second_fails");
const SHARED: EmbeddedMigrations = embed_migrations!("tests/harness/migrations/shared");

/// The tenant migrations of the suite.
pub(super) fn of_tenants(chosen: Chosen) -> Migrations {
    let embedded = match chosen {
        Chosen::All => &ALL,
        Chosen::First => &FIRST,
        Chosen::SecondFails => &SECOND_FAILS,
    };
    Migrations::embedded(embedded).expect("migrations that are taken")
}

/// The host's shared table.
pub(super) fn shared() -> Migrations {
    Migrations::embedded(&SHARED).expect("migrations that are taken")
}
