use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, sql_query};

use crate::SharedConnection;

/// The migrations of the records, with their versions, in order.
const MIGRATIONS: [(&str, &str); 5] = [
    (
        "00000000000001",
        include_str!("../../migrations/shared/00000000000001_tenant_records/up.sql"),
    ),
    (
        "00000000000002",
        include_str!("../../migrations/shared/00000000000002_tenant_changes/up.sql"),
    ),
    (
        "00000000000003",
        include_str!("../../migrations/shared/00000000000003_members/up.sql"),
    ),
    (
        "00000000000004",
        include_str!("../../migrations/shared/00000000000004_operators/up.sql"),
    ),
    (
        "00000000000005",
        include_str!("../../migrations/shared/00000000000005_usage/up.sql"),
    ),
];

/// Their ledger: apart from Diesel's, which is the host's for its own shared tables.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS public.tenantry_schema_migrations (
    version TEXT PRIMARY KEY NOT NULL,
    run_on TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT";

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Runs the migrations that are missing.
pub(super) fn run(connection: &mut SharedConnection) -> QueryResult<()> {
    let pending = pending(connection)?;
    if pending.is_empty() {
        return Ok(());
    }
    connection.batch_execute(LEDGER)?;
    for (version, sql) in pending {
        connection.batch_execute(sql)?;
        sql_query("INSERT INTO public.tenantry_schema_migrations (version) VALUES (?)")
            .bind::<Text, _>(version)
            .execute(connection)?;
    }
    Ok(())
}

/// Looks before it writes, so that a set-up that has nothing to do leaves everybody's connections open.
fn pending(connection: &mut SharedConnection) -> QueryResult<Vec<(&'static str, &'static str)>> {
    let ledger = sql_query(
        "SELECT name AS version FROM public.sqlite_schema WHERE name = 'tenantry_schema_migrations'",
    )
    .load::<Applied>(connection)?;
    if ledger.is_empty() {
        return Ok(MIGRATIONS.to_vec());
    }
    let applied: Vec<Applied> =
        sql_query("SELECT version FROM public.tenantry_schema_migrations").load(connection)?;
    Ok(MIGRATIONS
        .into_iter()
        .filter(|(version, _)| applied.iter().all(|row| row.version != *version))
        .collect())
}
