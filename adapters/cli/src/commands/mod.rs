//! One module for each command.

mod adopt;
mod audit;
mod cache;
mod doctor;
mod domains;
mod jobs;
mod members;
mod migrate;
mod pages;
mod recorded;
mod schedules;
mod setup;
mod tenant;

use std::process::ExitCode;

use crate::args::{Cli, Command};
use crate::config;
use crate::database::Database;
use crate::demo;
use crate::error::CliError;
use crate::operators;
use crate::output::Output;
use crate::serve;

/// Runs the command, and says how the process ends: 0, or 1 if a check failed.
pub(crate) fn run(cli: &Cli, output: &mut Output) -> Result<ExitCode, CliError> {
    let open = || Database::open(&cli.global);
    match &cli.command {
        Command::Demo(args) => demo::run(&cli.global, args, output),
        Command::Setup(args) => setup::run(&Database::open_or_make(&cli.global)?, args, output),
        Command::Tenant(command) => tenant::run(&open()?, command, &cli.global.actor, output),
        Command::Migrate(args) => migrate::run(&open()?, args, &cli.global.actor, output),
        Command::Doctor => doctor::run(&open()?, output),
        Command::Adopt(args) => adopt::run(&open()?, args, output),
        Command::Jobs(command) => jobs::run(&open()?, command, &cli.global.actor, output),
        Command::Schedules(command) => schedules::run(&open()?, command, &cli.global.actor, output),
        Command::Cache(args) => cache::run(&cli.global, args, output),
        Command::Members(command) => members::run(&open()?, command, &cli.global.actor, output),
        Command::Domains(command) => domains::run(&open()?, command, &cli.global.actor, output),
        Command::Audit(command) => audit::run(&cli.global, command, output),
        Command::Completions { shell } => pages::completions(*shell, output),
        Command::Man { folder } => pages::manual(folder.as_deref(), output),
        Command::Serve(args) => serve::run(&cli.global, args, output),
        Command::Config(command) => config::run_command(&cli.global, command, output),
        Command::Operator(command) => operators::run_command(&cli.global, command, output),
    }
}
