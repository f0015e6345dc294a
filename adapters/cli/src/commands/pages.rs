//! What others do with the description of the command line: shells, and `man`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Cli;
use crate::error::CliError;
use crate::output::Output;

/// Completions for a shell.
pub(crate) fn completions(shell: Shell, output: &mut Output) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tenantry", &mut script);
    output.bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// The page of the whole command, or a page for each command in a folder.
pub(crate) fn manual(folder: Option<&Path>, output: &mut Output) -> Result<ExitCode, CliError> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        output.bytes(&page)?;
        return Ok(ExitCode::SUCCESS);
    };
    let unwritable = |source| CliError::File {
        file: folder.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(unwritable)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(unwritable)?;
    Ok(ExitCode::SUCCESS)
}
