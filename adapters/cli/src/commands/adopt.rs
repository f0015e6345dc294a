use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tenantry_postgres::adoption::{Adoption, AdoptionPhase, AdoptionProgress, TableReport, adopt};

use crate::args::AdoptArgs;
use crate::database::{Database, find};
use crate::error::CliError;
use crate::output::Output;

const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn run(
    database: &Database,
    args: &AdoptArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let Some(config) = database.postgres() else {
        return Err(CliError::PostgresOnly {
            what: "adopting the rows of a single-tenant application",
        });
    };
    let tenant = find(database.service(), &args.tenant)?;
    let adoption = Adoption {
        shared_schema: args.from.clone(),
        tables: args.tables.clone(),
        batch: args.batch,
        remove: args.remove,
    };
    let mut connection = config
        .connect_administrative(LOCK_TIMEOUT)
        .map_err(CliError::database)?;
    let bar = progress_bar(output);
    let adopted = adopt(&mut connection, &tenant.schema(), &adoption, &mut |step| {
        show(&bar, step);
    });
    bar.finish_and_clear();
    say(&adopted?, args.remove, output)?;
    Ok(ExitCode::SUCCESS)
}

fn progress_bar(output: &Output) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{msg} {bar:40} {pos} of {len} rows, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, step: AdoptionProgress<'_>) {
    let doing = match step.phase {
        AdoptionPhase::Copy => "copying",
        AdoptionPhase::Remove => "removing the originals of",
    };
    bar.set_message(format!("{doing} {}", step.table));
    bar.set_length(u64::try_from(step.total).unwrap_or(0));
    bar.set_position(u64::try_from(step.done).unwrap_or(0));
}

fn say(reports: &[TableReport], removed: bool, output: &mut Output) -> Result<(), CliError> {
    let value = |report: &TableReport| {
        json!({
            "table": report.table,
            "shared": { "rows": report.shared.rows, "sum": report.shared.digest },
            "tenant": { "rows": report.tenant.rows, "sum": report.tenant.digest },
            "removed": report.removed,
        })
    };
    let rows = reports.iter().map(row).collect();
    let values = json!(reports.iter().map(value).collect::<Vec<_>>());
    output.table(
        &["table", "rows", "copies", "sum of both", "removed"],
        rows,
        &values,
    )?;
    if !removed {
        output.aside("counts and sums agree; run it again with --remove to drop the originals")?;
    }
    Ok(())
}

fn row(report: &TableReport) -> Vec<String> {
    let TableReport {
        table,
        shared,
        tenant,
        different: _,
        removed,
    } = report;
    let sum = shared.digest.clone();
    vec![
        table.clone(),
        shared.rows.to_string(),
        tenant.rows.to_string(),
        sum,
        removed.to_string(),
    ]
}
