use std::collections::BTreeSet;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::PageSize;
use tenantry::jobs::{JobId, JobKind, JobState};
use tenantry::ports::{JobFilter, JobPage, JobQueue, JobRecord, UnreadableJob};

use super::shown::{
    Names, Whose, facts, json_of, json_of_unreadable, line_of_unreadable, row, row_of_dead,
};
use crate::args::PageArgs;
use crate::database::Database;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn list(
    database: &Database,
    page: &PageArgs,
    states: BTreeSet<JobState>,
    output: &mut Output,
) -> Result<(), CliError> {
    let heading = ["id", "of", "kind", "state", "attempts", "due", "error"];
    say(database, page, states, (&heading, row), output)
}

pub(super) fn dead(
    database: &Database,
    page: &PageArgs,
    output: &mut Output,
) -> Result<(), CliError> {
    let heading = ["id", "of", "kind", "attempts", "died", "reason", "error"];
    let states = BTreeSet::from([JobState::Dead]);
    say(database, page, states, (&heading, row_of_dead), output)
}

type Rows<'h> = (&'h [&'h str], fn(&JobRecord, &Whose) -> Vec<String>);

fn say(
    database: &Database,
    page: &PageArgs,
    states: BTreeSet<JobState>,
    (heading, row): Rows<'_>,
    output: &mut Output,
) -> Result<(), CliError> {
    let reach = database.reach(&page.reach)?;
    let filter = JobFilter { reach, states };
    let limit = usize::from(page.limit);
    let queue = database.queue();
    let mut found = Vec::new();
    // One more than the page holds tells whether there is another.
    let mut unreadable = each(
        &*queue,
        &filter,
        &page.kind,
        page.after,
        limit + 1,
        |record| {
            found.push(record);
            Ok(found.len() <= limit)
        },
    )?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.job.id());
    if let Some(next) = next {
        // Those after it are on the next page.
        let last = next.to_string();
        unreadable.retain(|job| job.id <= last);
    }
    let mut names = Names::of(database);
    if output.is_json() {
        let jobs: Result<Vec<_>, CliError> = found
            .iter()
            .map(|record| Ok(json_of(record, &names.get(record.job.scope())?, false)))
            .collect();
        let unreadable: Vec<_> = unreadable.iter().map(json_of_unreadable).collect();
        return output.value(&json!({ "jobs": jobs?, "unreadable": unreadable, "next": next }));
    }
    let rows: Result<Vec<_>, CliError> = found
        .iter()
        .map(|record| Ok(row(record, &names.get(record.job.scope())?)))
        .collect();
    output.table(heading, rows?, &json!(null))?;
    for job in &unreadable {
        output.doubtful(&line_of_unreadable(job))?;
    }
    match next {
        Some(next) => output.aside(&format!("more: --after {next}")),
        None => Ok(()),
    }
}

/// Hands each job of the filter and the kinds to `take`, by ascending id, until it has enough. The queue knows no filter of
/// kinds, so with one of these all others are read and passed over. `wanted` is how many `take` may want. Returns those that
/// were come by and can't be read, whatever their kind.
pub(super) fn each(
    queue: &dyn JobQueue,
    filter: &JobFilter,
    kinds: &[JobKind],
    mut after: Option<JobId>,
    wanted: usize,
    mut take: impl FnMut(JobRecord) -> Result<bool, CliError>,
) -> Result<Vec<UnreadableJob>, CliError> {
    let size = u16::try_from(wanted)
        .ok()
        .filter(|_| kinds.is_empty())
        .and_then(|wanted| PageSize::new(wanted).ok())
        .unwrap_or(PageSize::LARGEST);
    let mut unreadable = Vec::new();
    loop {
        let page = block_on(queue.list(filter, JobPage { after, size }))?;
        unreadable.extend(page.unreadable);
        for record in page.records {
            let meant = kinds.is_empty() || kinds.contains(record.job.kind());
            if meant && !take(record)? {
                return Ok(unreadable);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(unreadable);
        }
    }
}

pub(super) fn show(
    database: &Database,
    id: JobId,
    payload: bool,
    output: &mut Output,
) -> Result<(), CliError> {
    let record = block_on(database.queue().find(id))?;
    let whose = Names::of(database).get(record.job.scope())?;
    let value = json_of(&record, &whose, payload);
    output.facts(&facts(&record, &whose, payload), &value)
}
