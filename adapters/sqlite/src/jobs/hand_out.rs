use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use tenantry::BoxError;
use tenantry::jobs::fair::{Tag, serve};
use tenantry::jobs::{DeathReason, JobEnvelope, JobErrorText, JobKind, LeasedJob, Weight};
use tenantry::ports::JobQueueError;

use super::file::Ended;
use super::row::{COLUMNS, Row, micros};
use super::statements::BURY;

/// Jobs whose worker was silent for too long wait again, or are dead letters if they may not.
const TAKE_BACK: &str = "UPDATE tenantry_jobs SET lease_until = NULL, \
    state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'waiting' END, \
    death = CASE WHEN attempts >= max_attempts THEN 'worker_lost' END, \
    ended_at = CASE WHEN attempts >= max_attempts THEN ?1 END \
    WHERE state = 'running' AND lease_until <= ?1";

const TURN: &str = "SELECT l.lane, l.tag, l.weight FROM tenantry_job_lanes AS l WHERE l.waits_until <= ?1 \
    AND (coalesce(l.at_once, ?3) IS NULL OR coalesce(l.at_once, ?3) > (SELECT count(*) FROM tenantry_jobs AS r \
        WHERE r.lane = l.lane AND r.state = 'running')) \
    AND EXISTS (SELECT 1 FROM tenantry_jobs AS j WHERE j.lane = l.lane AND j.state = 'waiting' AND j.run_at <= ?1 \
        AND j.kind IN (SELECT value FROM json_each(?2))) \
    ORDER BY l.tag, l.lane LIMIT 1";

const SERVE: &str = "UPDATE tenantry_job_lanes SET start = ?2, tag = ?3 WHERE lane = ?1";

#[derive(QueryableByName)]
struct Turn {
    #[diesel(sql_type = Text)]
    lane: String,
    #[diesel(sql_type = BigInt)]
    tag: i64,
    #[diesel(sql_type = BigInt)]
    weight: i64,
}

#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = BigInt)]
    start: i64,
}

/// What one turn came to.
pub(super) enum Turned {
    /// A worker has the job.
    HandedOut(Box<LeasedJob>),
    /// Nobody can read the job, so it is a dead letter now, and it is the next one's turn.
    Buried,
    /// Nothing is due.
    Idle,
}

/// Hands out the job whose turn it is.
pub(super) fn reserve(
    connection: &mut SqliteConnection,
    kinds: &BTreeSet<JobKind>,
    lease_for: Duration,
    at_once: Option<u16>,
    now: DateTime<Utc>,
) -> Result<Turned, Ended> {
    let (at, until) = (micros(now), JobEnvelope::due_after(now, lease_for));
    sql_query(TAKE_BACK)
        .bind::<BigInt, _>(at)
        .execute(connection)?;
    let kinds = serde_json::to_string(kinds).map_err(|error| unreadable(error.into()))?;
    let turn = sql_query(TURN)
        .bind::<BigInt, _>(at)
        .bind::<Text, _>(&kinds)
        .bind::<Nullable<Integer>, _>(at_once.map(i32::from))
        .get_result::<Turn>(connection)
        .optional()?;
    let Some(turn) = turn else {
        return Ok(Turned::Idle);
    };
    advance(connection, &turn)?;
    let job = sql_query(format!(
        "UPDATE tenantry_jobs SET state = 'running', attempts = min(attempts + 1, max_attempts), token = token + 1, \
         lease_until = ?4 WHERE number = (SELECT number FROM tenantry_jobs WHERE lane = ?1 AND state = 'waiting' \
         AND run_at <= ?2 AND kind IN (SELECT value FROM json_each(?3)) \
         ORDER BY priority DESC, run_at, number LIMIT 1) RETURNING {COLUMNS}"
    ))
    .bind::<Text, _>(&turn.lane)
    .bind::<BigInt, _>(at)
    .bind::<Text, _>(&kinds)
    .bind::<BigInt, _>(micros(until))
    .get_result::<Row>(connection)?;
    let (id, token) = job.handed_out();
    match job.into_leased() {
        Ok(leased) => Ok(Turned::HandedOut(Box::new(leased))),
        Err(error) => {
            bury_unread(connection, &id, token, &error, now)?;
            Ok(Turned::Buried)
        }
    }
}

/// A job that nobody can read would come first for ever, and keep those behind it from their turn.
fn bury_unread(
    connection: &mut SqliteConnection,
    id: &str,
    token: i64,
    error: &JobQueueError,
    now: DateTime<Utc>,
) -> Result<(), Ended> {
    sql_query(BURY)
        .bind::<Text, _>(id)
        .bind::<BigInt, _>(token)
        .bind::<BigInt, _>(micros(now))
        .bind::<Text, _>(DeathReason::PermanentFailure.as_str())
        .bind::<Text, _>(JobErrorText::of_unreadable(error).as_str())
        .execute(connection)?;
    Ok(())
}

fn advance(connection: &mut SqliteConnection, turn: &Turn) -> Result<(), Ended> {
    let last: Last = sql_query("SELECT coalesce(max(start), 0) AS start FROM tenantry_job_lanes")
        .get_result(connection)?;
    let weight = u16::try_from(turn.weight).map_err(|error| unreadable(error.into()))?;
    let weight = Weight::new(weight).map_err(|error| unreadable(error.into()))?;
    let served = serve(Tag::new(turn.tag), weight, Tag::new(last.start));
    sql_query(SERVE)
        .bind::<Text, _>(&turn.lane)
        .bind::<BigInt, _>(served.start.number())
        .bind::<BigInt, _>(served.next.number())
        .execute(connection)?;
    Ok(())
}

fn unreadable(source: BoxError) -> Ended {
    JobQueueError::Failed { source }.into()
}
