use std::process::ExitCode;

use serde_json::json;
use tenantry::Digest;
use tenantry::ports::Secrets;
use tenantry_admin::OperatorToken;
use tenantry_memory::SystemSecrets;

use super::file::{OperatorFile, OperatorsError};
use super::record::{Record, operator_name, rights_of};
use crate::args::{Global, OperatorCommand, SettingArgs};
use crate::config::Reading;
use crate::error::CliError;
use crate::output::Output;

/// Looks after the file of operators that a server with the same settings reads.
pub(crate) fn run(
    global: &Global,
    command: &OperatorCommand,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    match command {
        OperatorCommand::Token {
            name,
            rights,
            settings,
        } => token(&file(global, settings)?, name, rights, output)?,
        OperatorCommand::List(settings) => list(&file(global, settings)?, output)?,
        OperatorCommand::Revoke { name, settings } => {
            revoke(&file(global, settings)?, name, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn file(global: &Global, settings: &SettingArgs) -> Result<OperatorFile, CliError> {
    let config = Reading::of_process(global, settings).config?;
    let path = config.operators.ok_or(OperatorsError::NoFile)?;
    Ok(OperatorFile::new(path))
}

/// Standard output gets the token and nothing else, so that a shell can take it.
fn token(
    file: &OperatorFile,
    name: &str,
    rights: &[String],
    output: &mut Output,
) -> Result<(), CliError> {
    let secret = SystemSecrets.secret().map_err(OperatorsError::Random)?;
    let text = Digest::from_bytes(&secret)
        .map_err(CliError::database)?
        .to_string();
    let token = OperatorToken::new(&text).map_err(CliError::database)?;
    file.change(|records| {
        operator_name(name)?;
        let rights = rights_of(rights)?.iter().map(ToString::to_string).collect();
        if records.operator.iter().any(|record| record.name == name) {
            return Err(format!(
                "operator {name} has a token: tenantry operator revoke {name} takes it away"
            ));
        }
        records.operator.push(Record {
            name: name.to_owned(),
            rights,
            token_sha256: token.digest(),
        });
        Ok(())
    })?;
    output.answer(
        &text,
        &json!({ "name": name, "token": text, "rights": rights }),
    )
}

fn list(file: &OperatorFile, output: &mut Output) -> Result<(), CliError> {
    let records = file.read()?.operator;
    let rows = records
        .iter()
        .map(|record| vec![record.name.clone(), record.rights.join(", ")])
        .collect();
    let values: Vec<_> = records
        .iter()
        .map(|record| json!({ "name": record.name, "rights": record.rights }))
        .collect();
    output.table(&["operator", "rights"], rows, &json!(values))
}

fn revoke(file: &OperatorFile, name: &str, output: &mut Output) -> Result<(), CliError> {
    file.change(|records| {
        let before = records.operator.len();
        records.operator.retain(|record| record.name != name);
        if records.operator.len() == before {
            return Err(format!(
                "there is no operator {}",
                tenantry::Excerpt::of(name)
            ));
        }
        Ok(())
    })?;
    output.answer(
        &format!("{name}'s token lets nobody in any more"),
        &json!({ "revoked": name }),
    )
}
