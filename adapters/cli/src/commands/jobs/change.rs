use std::collections::BTreeSet;
use std::process::ExitCode;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::Actor;
use tenantry::audit::AuditChain;
use tenantry::jobs::{JobId, JobReach, JobState};
use tenantry::ports::{JobFilter, JobQueue, JobQueueError};

use super::list::each;
use crate::args::ChoiceArgs;
use crate::commands::recorded::{Act, chain_of, recorded};
use crate::database::Database;
use crate::error::{CliError, chain};
use crate::output::Output;

/// What can be done to jobs that no worker has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// A job that waits for its next attempt is due now.
    Retry,
    /// A dead letter waits again.
    PutBack,
    /// It never runs.
    Cancel,
}

impl Change {
    /// The states that it can be done in.
    fn states(self) -> BTreeSet<JobState> {
        match self {
            Self::Retry => BTreeSet::from([JobState::Waiting]),
            Self::PutBack => BTreeSet::from([JobState::Dead]),
            Self::Cancel => BTreeSet::from([JobState::Waiting, JobState::Dead]),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Retry => "made due",
            Self::PutBack => "put back",
            Self::Cancel => "cancelled",
        }
    }

    /// What the audit log calls it, of one job and of all of a scope.
    fn actions(self) -> [&'static str; 2] {
        match self {
            Self::Retry => ["job.retry", "jobs.retry"],
            Self::PutBack => ["job.put_back", "jobs.put_back"],
            Self::Cancel => ["job.cancel", "jobs.cancel"],
        }
    }

    fn make(self, queue: &dyn JobQueue, id: JobId) -> Result<(), JobQueueError> {
        match self {
            Self::Retry => block_on(queue.make_due(id)),
            Self::PutBack => block_on(queue.put_back(id)),
            Self::Cancel => block_on(queue.cancel(id)),
        }
    }
}

/// What became of the jobs.
#[derive(Debug, Default)]
struct Report {
    changed: Vec<JobId>,
    /// Those of `--all` that it couldn't be done to.
    left: Vec<JobId>,
    /// Those that were named, and that it couldn't be done to.
    failed: Vec<(JobId, CliError)>,
}

/// Does it to each job. Each one's failure is told, and keeps it from none of the others.
pub(super) fn run(
    database: &Database,
    choice: &ChoiceArgs,
    change: Change,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let (queue, reach) = (database.queue(), database.reach(&choice.reach)?);
    let mut report = Report::default();
    if choice.all {
        let JobReach::Only(scope) = reach else {
            return Err(CliError::WhoseJobs);
        };
        let [_, action] = change.actions();
        let act = Act::in_chain(actor, chain_of(scope), action, &"all of its jobs");
        let act = act.with(json!({ "kinds": choice.kind }));
        let outcome = recorded(database, &act, || {
            all(&*queue, reach, choice, change, &mut report)
        });
        // What was done is told, also if the rest couldn't be.
        if outcome.is_ok() || !report.changed.is_empty() {
            say(&report, change, output)?;
        }
        outcome?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut seen = BTreeSet::new();
    for id in choice.ids.iter().copied().filter(|id| seen.insert(*id)) {
        match one(database, reach, id, change, actor) {
            Ok(()) => report.changed.push(id),
            Err(error) => report.failed.push((id, error)),
        }
    }
    say(&report, change, output)?;
    for (_, error) in &report.failed {
        output.failure(error);
    }
    Ok(if report.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn one(
    database: &Database,
    reach: JobReach,
    id: JobId,
    change: Change,
    actor: &Actor,
) -> Result<(), CliError> {
    let queue = database.queue();
    let chain = match block_on(queue.find(id)) {
        Ok(record) if reach.covers(record.job.scope()) => chain_of(record.job.scope()),
        Ok(_) => return Err(CliError::NotTheirs { id }),
        // It can be taken back all the same.
        Err(JobQueueError::Unreadable { .. }) if reach == JobReach::Everything => {
            AuditChain::Shared
        }
        Err(error) => return Err(error.into()),
    };
    let [action, _] = change.actions();
    let act = Act::in_chain(actor, chain, action, &id);
    recorded(database, &act, || made(&*queue, id, change))
}

fn made(queue: &dyn JobQueue, id: JobId, change: Change) -> Result<(), CliError> {
    change
        .make(queue, id)
        .map_err(|error| match (change, error) {
            (
                Change::Retry,
                JobQueueError::WrongState {
                    state: JobState::Dead,
                    ..
                },
            ) => CliError::DeadNotWaiting { id },
            (
                Change::PutBack,
                JobQueueError::WrongState {
                    state: JobState::Waiting,
                    ..
                },
            ) => CliError::WaitingNotDead { id },
            (_, error) => error.into(),
        })
}

/// Changes all jobs of one scope. Those that a worker or somebody else was faster with are left as they are.
fn all(
    queue: &dyn JobQueue,
    reach: JobReach,
    choice: &ChoiceArgs,
    change: Change,
    report: &mut Report,
) -> Result<(), CliError> {
    let states = change.states();
    let filter = JobFilter { reach, states };
    let Report { changed, left, .. } = report;
    let unreadable = each(queue, &filter, &choice.kind, None, usize::MAX, |record| {
        let id = record.job.id();
        match change.make(queue, id) {
            Ok(()) => changed.push(id),
            Err(
                JobQueueError::WrongState { .. }
                | JobQueueError::NotFound { .. }
                | JobQueueError::UniqueKeyTaken { .. },
            ) => left.push(id),
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    })?;
    left.extend(
        unreadable
            .iter()
            .filter_map(|job| job.id.parse::<JobId>().ok()),
    );
    Ok(())
}

fn say(report: &Report, change: Change, output: &mut Output) -> Result<(), CliError> {
    let Report {
        changed,
        left,
        failed,
    } = report;
    let done = change.done();
    if output.is_json() {
        let failed: Vec<_> = failed
            .iter()
            .map(|(id, error)| json!({ "job": id, "error": chain(error).join(": ") }))
            .collect();
        let value = json!({ "changed": changed, "left": left, "failed": failed });
        return output.value(&value);
    }
    match (&**changed, left.len()) {
        ([], 0) if !failed.is_empty() => Ok(()),
        ([id], 0) => output.line(&format!("{done}: {id}")),
        (changed, 0) => output.line(&format!("{done}: {} jobs", changed.len())),
        (changed, left) => output.line(&format!(
            "{done}: {} jobs; {left} were left, since a worker has them, they ended, another has their unique key, or they can't be read",
            changed.len()
        )),
    }
}
