use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use tenantry::jobs::{
    Schedule, ScheduleKey, SchedulePosition, ScheduleRecord, ScheduleStep, ScheduleTarget,
};
use tenantry::ports::{
    Advanced, DueSchedules, Enqueued, JobSchedulesError, PutSchedule, ScheduleListing, SchedulePage,
};

use super::row::{Row, failed};
use super::store::Ended;
use crate::jobs::row::micros;
use crate::jobs::statements::enqueue;

const COLUMNS: &str =
    "key, definition, paused, next_due, last_due, fan_out_due, fan_out_after, revision";

#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = BigInt)]
    last: i64,
}

fn row(connection: &mut SqliteConnection, key: &ScheduleKey) -> QueryResult<Option<Row>> {
    sql_query(format!(
        "SELECT {COLUMNS} FROM tenantry_job_schedules WHERE key = ?"
    ))
    .bind::<Text, _>(key.to_string())
    .get_result(connection)
    .optional()
}

pub(super) fn find(
    connection: &mut SqliteConnection,
    key: &ScheduleKey,
) -> Result<ScheduleRecord, Ended> {
    let found = row(connection, key)?.ok_or_else(|| not_found(key))?;
    let record = found.into_record();
    Ok(record.map_err(JobSchedulesError::from)?)
}

fn not_found(key: &ScheduleKey) -> JobSchedulesError {
    JobSchedulesError::NotFound { key: key.clone() }
}

pub(super) fn put(
    connection: &mut SqliteConnection,
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Result<PutSchedule, Ended> {
    let begun = ScheduleRecord::begun(schedule.clone(), now);
    let Some(found) = row(connection, schedule.key())? else {
        store(connection, &begun)?;
        return Ok(PutSchedule::New);
    };
    let paused = found.paused;
    let replaced = match found.into_record() {
        Ok(record) => record.replaced_by(schedule, now),
        // Nobody can go on from what nobody can read.
        Err(_) => Some(ScheduleRecord { paused, ..begun }),
    };
    let Some(replaced) = replaced else {
        return Ok(PutSchedule::Unchanged);
    };
    store(connection, &replaced)?;
    Ok(PutSchedule::Replaced)
}

pub(super) fn change(
    connection: &mut SqliteConnection,
    key: &ScheduleKey,
    change: impl FnOnce(&ScheduleRecord) -> Option<ScheduleRecord>,
) -> Result<(), Ended> {
    match change(&find(connection, key)?) {
        Some(changed) => store(connection, &changed),
        None => Ok(()),
    }
}

/// Writes a record under the next revision.
fn store(connection: &mut SqliteConnection, record: &ScheduleRecord) -> Result<(), Ended> {
    let ScheduleRecord {
        schedule,
        paused,
        position,
        revision: _,
    } = record;
    let SchedulePosition {
        next_due,
        last_due,
        fan_out,
    } = position;
    let definition = serde_json::to_string(schedule).map_err(|error| failed(error.into()))?;
    let given: Last = sql_query(
        "UPDATE tenantry_job_schedule_revisions SET last = last + 1 WHERE only = 1 RETURNING last",
    )
    .get_result(connection)?;
    sql_query(format!(
        "INSERT OR REPLACE INTO tenantry_job_schedules ({COLUMNS}, target) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))
    .bind::<Text, _>(schedule.key().to_string())
    .bind::<Text, _>(definition)
    .bind::<Bool, _>(*paused)
    .bind::<Nullable<BigInt>, _>(next_due.map(micros))
    .bind::<Nullable<BigInt>, _>(last_due.map(micros))
    .bind::<Nullable<BigInt>, _>(fan_out.map(|fan_out| micros(fan_out.due)))
    .bind::<Nullable<Text>, _>(fan_out.map(|fan_out| fan_out.after.to_string()))
    .bind::<BigInt, _>(given.last)
    .bind::<Text, _>(schedule.target().to_string())
    .execute(connection)?;
    Ok(())
}

pub(super) fn remove(connection: &mut SqliteConnection, key: &ScheduleKey) -> Result<(), Ended> {
    let removed = sql_query("DELETE FROM tenantry_job_schedules WHERE key = ?")
        .bind::<Text, _>(key.to_string())
        .execute(connection)?;
    match removed {
        0 => Err(not_found(key).into()),
        _ => Ok(()),
    }
}

pub(super) fn list(
    connection: &mut SqliteConnection,
    target: Option<ScheduleTarget>,
    page: &SchedulePage,
) -> Result<ScheduleListing, Ended> {
    let rows: Vec<Row> = sql_query(format!(
        "SELECT {COLUMNS} FROM tenantry_job_schedules WHERE (?1 IS NULL OR target = ?1) \
         AND (?2 IS NULL OR key > ?2) ORDER BY key LIMIT ?3"
    ))
    .bind::<Nullable<Text>, _>(target.map(|target| target.to_string()))
    .bind::<Nullable<Text>, _>(page.after.as_deref())
    .bind::<Integer, _>(i32::from(page.size.number()))
    .load(connection)?;
    let records = rows.into_iter().map(Row::into_record);
    Ok(ScheduleListing::of(page, records))
}

pub(super) fn due(
    connection: &mut SqliteConnection,
    page: &SchedulePage,
    now: DateTime<Utc>,
) -> Result<DueSchedules, Ended> {
    let rows: Vec<Row> = sql_query(format!(
        "SELECT {COLUMNS} FROM tenantry_job_schedules WHERE NOT paused AND coalesce(fan_out_due, next_due) <= ?1 \
         AND (?2 IS NULL OR key > ?2) ORDER BY key LIMIT ?3"
    ))
    .bind::<BigInt, _>(micros(now))
    .bind::<Nullable<Text>, _>(page.after.as_deref())
    .bind::<Integer, _>(i32::from(page.size.number()))
    .load(connection)?;
    let listing = ScheduleListing::of(page, rows.into_iter().map(Row::into_record));
    Ok(DueSchedules { now, listing })
}

pub(super) fn advance(
    connection: &mut SqliteConnection,
    from: &ScheduleRecord,
    step: &ScheduleStep,
    now: DateTime<Utc>,
) -> Result<Advanced, Ended> {
    let stored = match find(connection, from.schedule.key()) {
        Ok(stored) if stored.revision == from.revision => stored,
        Ok(_) | Err(Ended::Known(JobSchedulesError::NotFound { .. })) => {
            return Ok(Advanced::Overtaken);
        }
        Err(error) => return Err(error),
    };
    let position = step.position;
    store(connection, &ScheduleRecord { position, ..stored })?;
    let mut put_in = 0;
    for job in &step.jobs {
        put_in += usize::from(enqueue(connection, job, now)? == Enqueued::New);
    }
    Ok(Advanced::Moved { put_in })
}
