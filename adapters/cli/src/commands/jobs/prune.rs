use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use serde_json::json;
use tenantry::Actor;
use tenantry::audit::AuditChain;
use tenantry::jobs::JobReach;
use tenantry::ports::{Clock, Prune};
use tenantry_memory::SystemClock;

use crate::args::PruneArgs;
use crate::commands::recorded::{Act, chain_of, recorded};
use crate::database::Database;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(
    database: &Database,
    args: &PruneArgs,
    actor: &Actor,
    output: &mut Output,
) -> Result<(), CliError> {
    let PruneArgs {
        older_than,
        dead_letters,
        reach,
    } = args;
    let reach = database.reach(reach)?;
    let what = if *dead_letters {
        Prune::DeadLettersToo
    } else {
        Prune::Finished
    };
    // An age that reaches back before all time leaves everything.
    let ended_before = TimeDelta::from_std(older_than.0)
        .ok()
        .and_then(|age| SystemClock.now().checked_sub_signed(age))
        .unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    let (chain, target) = match reach {
        JobReach::Only(scope) => (chain_of(scope), "its jobs"),
        JobReach::Everything => (AuditChain::Shared, "everybody's jobs"),
    };
    let act = Act::in_chain(actor, chain, "jobs.prune", &target);
    let act = act.with(json!({ "ended_before": ended_before, "dead_letters": dead_letters }));
    let pruned = recorded(database, &act, || {
        block_on(database.queue().prune(reach, ended_before, what))
    })?;
    let text = format!("forgot {pruned} jobs that ended before {ended_before}");
    output.answer(
        &text,
        &json!({ "pruned": pruned, "ended_before": ended_before }),
    )
}
