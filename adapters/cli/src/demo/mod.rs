//! The promise, shown: three tenants that can't see each other, whatever anybody does.

mod caches;
mod checks;
mod cost;
mod failure;
mod jobs;
mod notes;
mod plain_pool;
mod postgres;
mod sqlite;
mod store;

use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use crate::args::{DemoArgs, Global, RedisArgs};
use crate::cache::CacheStore;
use crate::database::Url;
use crate::error::CliError;
use crate::output::Output;

use checks::Checks;
use store::DemoStore;

/// Runs the demo on the database that the command line names, else on SQLite in a temporary folder. One that is only exported
/// may be the application's, where nobody asked for a demo.
pub(crate) fn run(
    global: &Global,
    args: &DemoArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let mut caches = vec![CacheStore::in_process()];
    if let Some(url) = &args.redis_url {
        let redis = RedisArgs {
            redis_url: vec![url.clone()],
            ..RedisArgs::default()
        };
        caches.push(CacheStore::on_redis(&redis)?);
    }
    let exported = global.database_is_exported;
    let named = global.database_url.as_deref().filter(|_| !exported);
    let shown = on(named, &caches, output)?;
    if exported {
        output.aside("TENANTRY_DATABASE_URL was left alone: --database-url shows the demo on a database of yours")?;
    } else if named.is_some() {
        output.aside("the demo's tenants are gone; the tables that tenants are recorded in stay, as tenantry setup makes them")?;
    }
    Ok(shown)
}

fn on(
    database_url: Option<&str>,
    caches: &[CacheStore],
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    match database_url.map(Url::parse).transpose()? {
        Some(Url::Postgres(config)) => {
            show(&postgres::PostgresDemo::start(&config)?, caches, output)
        }
        Some(Url::Sqlite(folder)) => {
            show(&sqlite::SqliteDemo::start(Some(&folder))?, caches, output)
        }
        None => show(&sqlite::SqliteDemo::start(None)?, caches, output),
    }
}

fn show<S: DemoStore>(
    store: &S,
    caches: &[CacheStore],
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let began = Instant::now();
    output.heading(&format!("Tenantry on {}", store.title()))?;
    let mut checks = Checks::new(store, caches, output);
    let shown = checks.run_all();
    let (passed, failed) = checks.counts();
    // The demo's tenants go, also when it failed half-way; the failure is the one to report.
    let cleared = store.clear();
    shown?;
    cleared?;
    let seconds = began.elapsed().as_secs_f64();
    let text = format!("\n{passed} checks passed, {failed} failed, in {seconds:.1} s");
    output.answer(
        &text,
        &json!({ "passed": passed, "failed": failed, "seconds": seconds }),
    )?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
