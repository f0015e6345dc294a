use std::collections::BTreeSet;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::jobs::{JobId, JobReach, JobState};
use tenantry::ports::{JobFilter, JobQueue, JobQueueError};

use super::list::each;
use crate::args::ChoiceArgs;
use crate::database::Database;
use crate::error::CliError;
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

    fn make(self, queue: &dyn JobQueue, id: JobId) -> Result<(), JobQueueError> {
        match self {
            Self::Retry => block_on(queue.make_due(id)),
            Self::PutBack => block_on(queue.put_back(id)),
            Self::Cancel => block_on(queue.cancel(id)),
        }
    }
}

pub(super) fn run(
    database: &Database,
    choice: &ChoiceArgs,
    change: Change,
    output: &mut Output,
) -> Result<(), CliError> {
    let (queue, reach) = (database.queue(), database.reach(&choice.reach)?);
    if choice.all {
        return all(&*queue, reach, choice, change, output);
    }
    for id in &choice.ids {
        one(&*queue, reach, *id, change)?;
    }
    say(&choice.ids, &[], change, output)
}

fn one(queue: &dyn JobQueue, reach: JobReach, id: JobId, change: Change) -> Result<(), CliError> {
    if reach != JobReach::Everything && !reach.covers(block_on(queue.find(id))?.job.scope()) {
        return Err(CliError::NotTheirs { id });
    }
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
    output: &mut Output,
) -> Result<(), CliError> {
    if reach == JobReach::Everything {
        return Err(CliError::WhoseJobs);
    }
    let states = change.states();
    let filter = JobFilter { reach, states };
    let (mut changed, mut left) = (Vec::new(), Vec::new());
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
    say(&changed, &left, change, output)
}

fn say(
    changed: &[JobId],
    left: &[JobId],
    change: Change,
    output: &mut Output,
) -> Result<(), CliError> {
    let done = change.done();
    let text = match (changed, left.len()) {
        ([id], 0) => format!("{done}: {id}"),
        (changed, 0) => format!("{done}: {} jobs", changed.len()),
        (changed, left) => format!(
            "{done}: {} jobs; {left} were left, since a worker has them, they ended, another has their unique key, or they can't be read",
            changed.len()
        ),
    };
    output.answer(&text, &json!({ "changed": changed, "left": left }))
}
