use std::process::ExitCode;

use serde_json::json;

use crate::database::Database;
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(database: &Database, output: &mut Output) -> Result<ExitCode, CliError> {
    database.set_up()?;
    output.answer(
        "the tables that tenants are recorded in are there",
        &json!({ "ready": true }),
    )?;
    Ok(ExitCode::SUCCESS)
}
