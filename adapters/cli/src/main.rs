//! The `tenantry` command: operators run tenants by it, and `tenantry demo` shows what it is about.
//!
//! It composes the adapters: everything that it does, a host can do by the same public API.

mod args;
mod cache;
mod commands;
mod config;
mod database;
mod demo;
mod error;
mod finding;
mod operators;
mod output;
mod serve;

use std::process::ExitCode;

use crate::args::Cli;
use crate::output::Output;

fn main() -> ExitCode {
    let cli = Cli::read();
    let mut output = Output::new(cli.global.json);
    match commands::run(&cli, &mut output) {
        Ok(exit) => exit,
        Err(error) => {
            output.failure(&error);
            ExitCode::FAILURE
        }
    }
}
