use std::process::ExitCode;

use serde_json::json;

use super::{For, Mistakes, Reading};
use crate::args::{ConfigCommand, Global};
use crate::error::CliError;
use crate::output::Output;

/// Shows every setting that counts, and every mistake. Exits with 1 if there is one.
pub(crate) fn run(
    global: &Global,
    command: &ConfigCommand,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let ConfigCommand::Check(args) = command;
    let Reading {
        file,
        entries,
        config,
    } = Reading::of_process(global, args, For::Server);
    let mistakes = config.err();
    let found: Vec<_> = mistakes.iter().flat_map(Mistakes::iter).collect();
    if output.is_json() {
        let settings: serde_json::Map<_, _> = entries
            .iter()
            .map(|entry| {
                let value = json!({ "value": entry.shown, "from": entry.source.to_string() });
                (entry.setting.key().to_owned(), value)
            })
            .collect();
        let found: Vec<_> = found
            .iter()
            .map(|mistake| json!({ "at": mistake.place, "what": mistake.text }))
            .collect();
        output.value(&json!({ "file": file, "settings": settings, "mistakes": found }))?;
    } else {
        let rows = entries
            .iter()
            .map(|entry| {
                let key = entry.setting.key().to_owned();
                vec![key, entry.shown.clone(), entry.source.to_string()]
            })
            .collect();
        output.table(&["setting", "value", "from"], rows, &json!(null))?;
        for mistake in &found {
            output.bad(&format!("{}: {}", mistake.place, mistake.text))?;
        }
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
