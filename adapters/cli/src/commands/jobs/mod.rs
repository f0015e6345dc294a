//! What an operator does with the job queue.

mod change;
mod list;
mod prune;
mod put;
mod shown;
mod work;

use std::process::ExitCode;

use futures_lite::future::block_on;
use tenantry::Actor;

use crate::args::{JobsCommand, ReachArgs};
use crate::database::Database;
use crate::error::CliError;
use crate::output::Output;

pub(crate) use put::read_payload;

use change::Change;

pub(crate) fn run(
    database: &Database,
    command: &JobsCommand,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    match command {
        JobsCommand::Put(args) => put::run(database, args, actor, output)?,
        JobsCommand::List(args) => {
            let states = args.state.iter().copied().map(Into::into).collect();
            list::list(database, &args.page, states, output)?;
        }
        JobsCommand::Dead(page) => list::dead(database, page, output)?,
        JobsCommand::Show { id, payload } => list::show(database, *id, *payload, output)?,
        JobsCommand::Retry(choice) => {
            return change::run(database, choice, Change::Retry, actor, output);
        }
        JobsCommand::PutBack(choice) => {
            return change::run(database, choice, Change::PutBack, actor, output);
        }
        JobsCommand::Cancel(choice) => {
            return change::run(database, choice, Change::Cancel, actor, output);
        }
        JobsCommand::Stats(reach) => stats(database, reach, output)?,
        JobsCommand::Prune(args) => prune::run(database, args, actor, output)?,
        JobsCommand::Work(args) => return work::run(database, args, output),
    }
    Ok(ExitCode::SUCCESS)
}

fn stats(database: &Database, reach: &ReachArgs, output: &mut Output) -> Result<(), CliError> {
    let counts = block_on(database.queue().stats(database.reach(reach)?))?;
    let rows = [
        ("waiting", counts.waiting),
        ("running", counts.running),
        ("done", counts.done),
        ("cancelled", counts.cancelled),
        ("dead", counts.dead),
    ];
    let row = |(state, jobs): (&str, u64)| vec![state.to_owned(), jobs.to_string()];
    output.table(
        &["state", "jobs"],
        rows.into_iter().map(row).collect(),
        &serde_json::json!(counts),
    )
}
