use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobPayload, JobReach, JobScope, JobState, Lease,
    TraceContext, UniqueKey,
};
use tenantry::ports::{
    Enqueued, JobFilter, JobListing, JobPage, JobQueueError, JobRecord, JobShare, JobStats, Prune,
    WaitReach,
};

use super::file::Ended;
use super::row::{COLUMNS, Row, lane, micros};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    lane: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    jobs: i64,
}

pub(super) fn enqueue(
    connection: &mut SqliteConnection,
    job: &JobEnvelope,
    now: DateTime<Utc>,
) -> Result<Enqueued, Ended> {
    let lane = lane(job.scope());
    let key = job.unique_key().map(UniqueKey::as_str);
    let there = sql_query(
        "SELECT id, lane FROM tenantry_jobs WHERE id = ?1 UNION ALL SELECT id, lane FROM tenantry_jobs \
         WHERE lane = ?2 AND unique_key = ?3 AND state IN ('waiting', 'running') LIMIT 1",
    )
    .bind::<Text, _>(job.id().to_string())
    .bind::<Text, _>(&lane)
    .bind::<Nullable<Text>, _>(key)
    .get_result::<Found>(connection)
    .optional()?;
    if let Some(found) = there {
        if found.lane != lane {
            return Err(JobQueueError::IdTaken { id: job.id() }.into());
        }
        return Ok(Enqueued::AlreadyThere(id_of(&found)?));
    }
    let trace = job.trace();
    sql_query(
        "INSERT INTO tenantry_jobs (id, lane, actor, kind, payload, priority, attempts, max_attempts, trace_parent, \
         trace_state, run_at, unique_key, state, token, enqueued_at) \
         VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 'waiting', 0, ?)",
    )
    .bind::<Text, _>(job.id().to_string())
    .bind::<Text, _>(&lane)
    .bind::<Text, _>(job.actor().as_str())
    .bind::<Text, _>(job.kind().as_str())
    .bind::<Text, _>(job.payload().as_json())
    .bind::<Integer, _>(i32::from(job.priority().number()))
    .bind::<Integer, _>(i32::from(job.max_attempts().number()))
    .bind::<Nullable<Text>, _>(trace.map(TraceContext::parent))
    .bind::<Nullable<Text>, _>(trace.and_then(TraceContext::state))
    .bind::<BigInt, _>(micros(job.run_at()))
    .bind::<Nullable<Text>, _>(key)
    .bind::<BigInt, _>(micros(now))
    .execute(connection)?;
    sql_query("INSERT OR IGNORE INTO tenantry_job_lanes (lane) VALUES (?)")
        .bind::<Text, _>(&lane)
        .execute(connection)?;
    Ok(Enqueued::New)
}

fn id_of(found: &Found) -> Result<JobId, JobQueueError> {
    found
        .id
        .parse()
        .map_err(|error: tenantry::jobs::JobIdError| JobQueueError::Failed {
            source: error.into(),
        })
}

/// What whoever has the job changes.
const LEASED: &str = "WHERE id = ?1 AND token = ?2 AND state = 'running'";

fn settled(lease: &Lease, changed: usize) -> Result<(), Ended> {
    match changed {
        0 => Err(JobQueueError::lease_lost(lease).into()),
        _ => Ok(()),
    }
}

pub(super) fn extend(
    connection: &mut SqliteConnection,
    lease: &Lease,
    until: DateTime<Utc>,
) -> Result<(), Ended> {
    let changed = sql_query(format!(
        "UPDATE tenantry_jobs SET lease_until = ?3 {LEASED}"
    ))
    .bind::<Text, _>(lease.job.to_string())
    .bind::<BigInt, _>(lease.token.number())
    .bind::<BigInt, _>(micros(until))
    .execute(connection)?;
    settled(lease, changed)
}

pub(super) fn complete(
    connection: &mut SqliteConnection,
    lease: &Lease,
    output: Option<&JobPayload>,
    now: DateTime<Utc>,
) -> Result<(), Ended> {
    let changed = sql_query(format!(
        "UPDATE tenantry_jobs SET state = 'done', lease_until = NULL, ended_at = ?3, output = ?4 {LEASED}"
    ))
    .bind::<Text, _>(lease.job.to_string())
    .bind::<BigInt, _>(lease.token.number())
    .bind::<BigInt, _>(micros(now))
    .bind::<Nullable<Text>, _>(output.map(JobPayload::as_json))
    .execute(connection)?;
    settled(lease, changed)
}

pub(super) fn retry(
    connection: &mut SqliteConnection,
    lease: &Lease,
    run_at: DateTime<Utc>,
    error: &JobErrorText,
) -> Result<(), Ended> {
    let changed = sql_query(format!(
        "UPDATE tenantry_jobs SET state = 'waiting', lease_until = NULL, run_at = ?3, error = ?4 {LEASED}"
    ))
    .bind::<Text, _>(lease.job.to_string())
    .bind::<BigInt, _>(lease.token.number())
    .bind::<BigInt, _>(micros(run_at))
    .bind::<Text, _>(error.as_str())
    .execute(connection)?;
    settled(lease, changed)
}

/// Makes a job that runs a dead letter.
pub(super) const BURY: &str = "UPDATE tenantry_jobs SET state = 'dead', lease_until = NULL, ended_at = ?3, death = ?4, \
    error = ?5 WHERE id = ?1 AND token = ?2 AND state = 'running'";

pub(super) fn bury(
    connection: &mut SqliteConnection,
    lease: &Lease,
    reason: DeathReason,
    error: &JobErrorText,
    now: DateTime<Utc>,
) -> Result<(), Ended> {
    let changed = sql_query(BURY)
        .bind::<Text, _>(lease.job.to_string())
        .bind::<BigInt, _>(lease.token.number())
        .bind::<BigInt, _>(micros(now))
        .bind::<Text, _>(reason.as_str())
        .bind::<Text, _>(error.as_str())
        .execute(connection)?;
    settled(lease, changed)
}

pub(super) fn give_back(
    connection: &mut SqliteConnection,
    lease: &Lease,
    until: DateTime<Utc>,
    reach: WaitReach,
) -> Result<(), Ended> {
    let run_at = match reach {
        WaitReach::Job => Some(micros(until)),
        WaitReach::Scope => None,
    };
    let changed = sql_query(format!(
        "UPDATE tenantry_jobs SET state = 'waiting', lease_until = NULL, attempts = max(attempts - 1, 0), \
         run_at = coalesce(?3, run_at) {LEASED}"
    ))
    .bind::<Text, _>(lease.job.to_string())
    .bind::<BigInt, _>(lease.token.number())
    .bind::<Nullable<BigInt>, _>(run_at)
    .execute(connection)?;
    settled(lease, changed)?;
    if reach == WaitReach::Scope {
        sql_query(
            "UPDATE tenantry_job_lanes SET waits_until = ?2 \
             WHERE lane = (SELECT lane FROM tenantry_jobs WHERE id = ?1)",
        )
        .bind::<Text, _>(lease.job.to_string())
        .bind::<BigInt, _>(micros(until))
        .execute(connection)?;
    }
    Ok(())
}

pub(super) fn find(connection: &mut SqliteConnection, id: JobId) -> Result<JobRecord, Ended> {
    let row = sql_query(format!("SELECT {COLUMNS} FROM tenantry_jobs WHERE id = ?"))
        .bind::<Text, _>(id.to_string())
        .get_result::<Row>(connection)
        .optional()?;
    let record = row.ok_or(JobQueueError::NotFound { id })?.into_record();
    Ok(record.map_err(JobQueueError::from)?)
}

/// A lane, or all of them.
fn reached(reach: JobReach) -> Option<String> {
    match reach {
        JobReach::Everything => None,
        JobReach::Only(scope) => Some(lane(scope)),
    }
}

pub(super) fn list(
    connection: &mut SqliteConnection,
    filter: &JobFilter,
    page: JobPage,
) -> Result<JobListing, Ended> {
    let mut listing = JobListing::default();
    let (mut after, mut most) = (page.after.map(|id| id.to_string()), page.size.number());
    loop {
        let rows = rows_after(connection, filter, after.as_deref(), most)?;
        let full = rows.len() == usize::from(most);
        after = rows.last().map(|row| row.id().to_owned());
        for row in rows {
            listing.add(row.into_record());
        }
        if !full {
            return Ok(listing);
        }
        listing.next = after.as_deref().and_then(|last| last.parse().ok());
        if listing.next.is_some() {
            return Ok(listing);
        }
        // Nobody could go on after the last one's id: the page ends with the next that has one.
        most = 1;
    }
}

fn rows_after(
    connection: &mut SqliteConnection,
    filter: &JobFilter,
    after: Option<&str>,
    most: u16,
) -> QueryResult<Vec<Row>> {
    let JobFilter { reach, states } = filter;
    sql_query(format!(
        "SELECT {COLUMNS} FROM tenantry_jobs WHERE (?1 IS NULL OR lane = ?1) AND (?2 IS NULL OR id > ?2) \
         AND (?3 = '[]' OR state IN (SELECT value FROM json_each(?3))) ORDER BY id LIMIT ?4"
    ))
    .bind::<Nullable<Text>, _>(reached(*reach))
    .bind::<Nullable<Text>, _>(after)
    .bind::<Text, _>(words(states.iter().copied()))
    .bind::<Integer, _>(i32::from(most))
    .load(connection)
}

/// States as a JSON array of their words, none of which needs an escape.
fn words(states: impl Iterator<Item = JobState>) -> String {
    let words: Vec<_> = states.map(|state| format!("\"{state}\"")).collect();
    format!("[{}]", words.join(","))
}

pub(super) fn put_back(
    connection: &mut SqliteConnection,
    id: JobId,
    now: DateTime<Utc>,
) -> Result<(), Ended> {
    let record = find(connection, id)?;
    if record.state != JobState::Dead {
        return Err(JobQueueError::WrongState {
            id,
            state: record.state,
            wanted: "a dead letter",
            verb: "put back",
        }
        .into());
    }
    if let Some(key) = record.job.unique_key() {
        let other = sql_query(
            "SELECT id, lane FROM tenantry_jobs WHERE lane = ? AND unique_key = ? \
             AND state IN ('waiting', 'running')",
        )
        .bind::<Text, _>(lane(record.job.scope()))
        .bind::<Text, _>(key.as_str())
        .get_result::<Found>(connection)
        .optional()?;
        if let Some(other) = other {
            let (key, holder) = (key.clone(), id_of(&other)?);
            return Err(JobQueueError::UniqueKeyTaken { id, key, holder }.into());
        }
    }
    sql_query(
        "UPDATE tenantry_jobs SET state = 'waiting', attempts = 0, run_at = ?2, ended_at = NULL, death = NULL \
         WHERE id = ?1",
    )
    .bind::<Text, _>(id.to_string())
    .bind::<BigInt, _>(micros(now))
    .execute(connection)?;
    Ok(())
}

pub(super) fn make_due(
    connection: &mut SqliteConnection,
    id: JobId,
    now: DateTime<Utc>,
) -> Result<(), Ended> {
    let changed = sql_query(
        "UPDATE tenantry_jobs SET run_at = min(run_at, ?2) WHERE id = ?1 AND state = 'waiting'",
    )
    .bind::<Text, _>(id.to_string())
    .bind::<BigInt, _>(micros(now))
    .execute(connection)?;
    if changed > 0 {
        return Ok(());
    }
    Err(refusal(connection, id, "a waiting job", "made due"))
}

/// Why nothing was changed of a job that had to be in another state.
fn refusal(
    connection: &mut SqliteConnection,
    id: JobId,
    wanted: &'static str,
    verb: &'static str,
) -> Ended {
    match find(connection, id) {
        Ok(record) => JobQueueError::WrongState {
            id,
            state: record.state,
            wanted,
            verb,
        }
        .into(),
        Err(error) => error,
    }
}

pub(super) fn cancel(
    connection: &mut SqliteConnection,
    id: JobId,
    now: DateTime<Utc>,
) -> Result<(), Ended> {
    let changed = sql_query(
        "UPDATE tenantry_jobs SET state = 'cancelled', ended_at = ?2, death = NULL \
         WHERE id = ?1 AND state IN ('waiting', 'dead')",
    )
    .bind::<Text, _>(id.to_string())
    .bind::<BigInt, _>(micros(now))
    .execute(connection)?;
    if changed > 0 {
        return Ok(());
    }
    let wanted = "a waiting job or a dead letter";
    Err(refusal(connection, id, wanted, "cancelled"))
}

pub(super) fn stats(connection: &mut SqliteConnection, reach: JobReach) -> Result<JobStats, Ended> {
    let rows: Vec<Count> = sql_query(
        "SELECT state, count(*) AS jobs FROM tenantry_jobs WHERE ?1 IS NULL OR lane = ?1 GROUP BY state",
    )
    .bind::<Nullable<Text>, _>(reached(reach))
    .load(connection)?;
    let mut counts = JobStats::default();
    for Count { state, jobs } in rows {
        let state = state
            .parse()
            .map_err(|error: tenantry::jobs::UnknownWord| JobQueueError::Failed {
                source: error.into(),
            })?;
        counts.add(state, u64::try_from(jobs).unwrap_or(0));
    }
    Ok(counts)
}

/// How many jobs one transaction prunes.
pub(super) const PRUNED_AT_ONCE: usize = 1_000;

pub(super) fn prune(
    connection: &mut SqliteConnection,
    reach: JobReach,
    ended_before: DateTime<Utc>,
    what: Prune,
) -> Result<usize, Ended> {
    let states = JobState::ALL.into_iter().filter(|state| what.takes(*state));
    Ok(sql_query(format!(
        "DELETE FROM tenantry_jobs WHERE number IN (SELECT number FROM tenantry_jobs WHERE ended_at < ?1 \
         AND state IN (SELECT value FROM json_each(?2)) AND (?3 IS NULL OR lane = ?3) LIMIT {PRUNED_AT_ONCE})"
    ))
    .bind::<BigInt, _>(micros(ended_before))
    .bind::<Text, _>(words(states))
    .bind::<Nullable<Text>, _>(reached(reach))
    .execute(connection)?)
}

pub(super) fn set_share(
    connection: &mut SqliteConnection,
    scope: JobScope,
    share: JobShare,
) -> Result<(), Ended> {
    let JobShare { weight, at_once } = share;
    sql_query(
        "INSERT INTO tenantry_job_lanes (lane, weight, at_once) VALUES (?1, ?2, ?3) \
         ON CONFLICT (lane) DO UPDATE SET weight = excluded.weight, at_once = excluded.at_once",
    )
    .bind::<Text, _>(lane(scope))
    .bind::<Integer, _>(i32::from(weight.number()))
    .bind::<Nullable<Integer>, _>(at_once.map(i32::from))
    .execute(connection)?;
    Ok(())
}
