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

use crate::args::DemoArgs;
use crate::cache::CacheStore;
use crate::database::Url;
use crate::error::CliError;
use crate::output::Output;

use checks::Checks;
use store::DemoStore;

/// Runs the demo, on PostgreSQL if a database is named, else on SQLite in a temporary folder.
pub(crate) fn run(
    database_url: Option<&str>,
    args: &DemoArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let mut caches = vec![CacheStore::in_process()];
    if let Some(url) = &args.redis_url {
        caches.push(CacheStore::on_redis(url)?);
    }
    match database_url.map(Url::parse).transpose()? {
        Some(Url::Postgres(config)) => {
            show(&postgres::PostgresDemo::start(&config)?, &caches, output)
        }
        Some(Url::Sqlite(folder)) => {
            show(&sqlite::SqliteDemo::start(Some(&folder))?, &caches, output)
        }
        None => show(&sqlite::SqliteDemo::start(None)?, &caches, output),
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
