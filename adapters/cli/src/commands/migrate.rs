use std::process::ExitCode;

use futures_lite::future::block_on;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tenantry::audit::AuditChain;
use tenantry::{Actor, FleetFailure, FleetReport};

use super::recorded::{Act, record_failure, recorded};
use crate::args::MigrateArgs;
use crate::database::{Database, find};
use crate::error::{CliError, chain};
use crate::output::Output;

pub(crate) fn run(
    database: &Database,
    args: &MigrateArgs,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    database.require_migrations()?;
    match &args.tenant {
        Some(tenant) => one(database, tenant, actor, output),
        None => all(database, actor, output),
    }
}

fn one(
    database: &Database,
    tenant: &str,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let service = database.service();
    let tenant = find(service, tenant)?;
    let act = Act::on_tenant(actor, &tenant, "tenant.migrate");
    let report = recorded(database, &act, || block_on(service.migrate(tenant.id())))?;
    let text = match report.applied.len() {
        0 => format!("{} is up to date", tenant.slug()),
        count => format!("migrated {}: {count} migrations", tenant.slug()),
    };
    output.answer(
        &text,
        &json!({ "slug": tenant.slug(), "applied": report.applied }),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn all(database: &Database, actor: &Actor, output: &mut Output) -> Result<ExitCode, CliError> {
    let bar = progress_bar(output);
    let (chain, target) = (AuditChain::Shared, "every provisioned tenant");
    let act = Act::in_chain(actor, chain, "tenants.migrate", &target);
    let report = recorded(database, &act, || {
        block_on(database.service().migrate_all(|step| {
            bar.set_message(step.slug.to_string());
            bar.inc(1);
        }))
    })?;
    bar.finish_and_clear();
    if let Some(failures) = report.failures() {
        record_failure(database, &act, &failures)?;
    }
    say(&report, output)
}

/// A spinner on standard error, where a person watches.
fn progress_bar(output: &Output) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} tenants, {per_sec}: {msg}") {
        bar.set_style(style);
    }
    bar
}

fn say(report: &FleetReport, output: &mut Output) -> Result<ExitCode, CliError> {
    let FleetReport {
        migrated,
        unchanged,
        failed,
    } = report;
    let value = json!({
        "migrated": migrated,
        "unchanged": unchanged,
        "failed": failed.iter().map(failure).collect::<Vec<_>>(),
    });
    let text = format!(
        "{migrated} migrated, {unchanged} up to date, {} failed",
        failed.len()
    );
    output.answer(&text, &value)?;
    for failure in failed {
        output.bad(&format!(
            "{}: {}",
            failure.slug,
            chain(&failure.error).join(": ")
        ))?;
    }
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn failure(failure: &FleetFailure) -> Value {
    let FleetFailure { id, slug, error } = failure;
    json!({ "id": id, "slug": slug, "error": chain(error) })
}
