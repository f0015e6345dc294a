use std::process::ExitCode;

use serde_json::{Value, json};

use crate::database::Database;
use crate::error::CliError;
use crate::finding::{Finding, Severity};
use crate::output::Output;

pub(crate) fn run(database: &Database, output: &mut Output) -> Result<ExitCode, CliError> {
    let findings = database.examine()?;
    if output.is_json() {
        output.value(&findings.iter().map(value).collect())?;
    } else if findings.is_empty() {
        output.good("nothing is wrong")?;
    } else {
        findings
            .iter()
            .try_for_each(|finding| show(finding, output))?;
    }
    let sound = findings
        .iter()
        .all(|finding| finding.severity != Severity::Error);
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show(finding: &Finding, output: &mut Output) -> Result<(), CliError> {
    match finding.severity {
        Severity::Error => output.bad(&finding.problem)?,
        Severity::Warning => output.doubtful(&finding.problem)?,
    }
    output.aside(&format!("    {}", finding.remedy))
}

fn value(finding: &Finding) -> Value {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({ "severity": severity, "problem": finding.problem, "remedy": finding.remedy })
}
