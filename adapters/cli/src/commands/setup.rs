use std::process::ExitCode;

use serde_json::json;

use crate::args::SetupArgs;
use crate::database::Database;
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(
    database: &Database,
    args: &SetupArgs,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    database.set_up()?;
    let mut text = "the tables that tenants are recorded in are there".to_owned();
    if args.jobs {
        database.set_up_jobs()?;
        text.push_str(", and those of the job queue");
    }
    output.answer(&text, &json!({ "ready": true, "jobs": args.jobs }))?;
    Ok(ExitCode::SUCCESS)
}
