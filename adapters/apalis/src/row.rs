use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::FromRow;
use tenantry::BoxError;
use tenantry::jobs::{
    DeathReason, FencingToken, JobEnvelope, JobErrorText, JobId, JobPayload, JobState,
};
use tenantry::ports::{JobRecord, UnreadableJob};

use crate::carried::id_text;
use crate::ending::DeadLetter;
use crate::sql::CANCELLED;

/// A row of apalis' table, as [`sql`](crate::sql) selects it.
#[derive(Debug, FromRow)]
pub(crate) struct Row {
    id: String,
    job: Vec<u8>,
    status: String,
    state: String,
    attempts: i32,
    run_at: i64,
    done_at: Option<i64>,
    result: Option<String>,
}

/// What apalis keeps of the last attempt.
#[derive(Debug, Deserialize)]
enum Kept {
    Ok(Option<JobPayload>),
    Err(String),
}

impl Row {
    /// The id as it is stored.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn into_record(self) -> Result<JobRecord, UnreadableJob> {
        let id = id_text(&self.id);
        self.read().map_err(|source| UnreadableJob { id, source })
    }

    fn read(self) -> Result<JobRecord, BoxError> {
        let state: JobState = self.state.parse()?;
        let job = self.envelope()?;
        let kept = self.result.as_deref().map(serde_json::from_str::<Kept>);
        let (output, error) = match kept.transpose()? {
            Some(Kept::Ok(output)) => (output, None),
            Some(Kept::Err(text)) => (None, Some(text)),
            None => (None, None),
        };
        let ended = matches!(state, JobState::Done | JobState::Cancelled | JobState::Dead);
        let dead = state == JobState::Dead;
        let (death, error) = fate(dead, &self.status, error);
        Ok(JobRecord {
            enqueued_at: made_at(job.id()),
            token: FencingToken::new(i64::from(job.attempts())),
            job,
            state,
            lease_until: None,
            ended_at: self.done_at.filter(|_| ended).and_then(time),
            output,
            error,
            death,
        })
    }

    /// The envelope with the attempts that apalis counted, and the time that it waits for.
    fn envelope(&self) -> Result<JobEnvelope, BoxError> {
        let job: JobEnvelope = serde_json::from_slice(&self.job)?;
        let mut parts = job.into_parts();
        let begun = u16::try_from(self.attempts)?;
        let this_time = u16::from(self.status == "Running");
        let attempts = begun.saturating_add(this_time);
        parts.attempts = attempts.min(parts.max_attempts.number());
        parts.run_at = time(self.run_at.saturating_add(1)).ok_or("its time is out of range")?;
        Ok(JobEnvelope::restore(parts)?)
    }
}

/// Why a job is dead, and what went wrong in its last attempt.
fn fate(
    dead: bool,
    status: &str,
    text: Option<String>,
) -> (Option<DeathReason>, Option<JobErrorText>) {
    let text = text.filter(|text| text != CANCELLED);
    let plain = text.map(|text| {
        let plain = ["AbortError: ", "RetryError: "]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix));
        plain.map_or_else(|| text.clone(), str::to_owned)
    });
    if !dead {
        return (None, plain.map(JobErrorText::new));
    }
    match plain.as_deref().map(DeadLetter::read) {
        Some(Some(letter)) => (Some(letter.reason), Some(letter.error)),
        // It was ended by something else than a worker of ours.
        _ if status == "Failed" => (
            Some(DeathReason::AttemptsExhausted),
            plain.map(JobErrorText::new),
        ),
        _ => (
            Some(DeathReason::PermanentFailure),
            plain.map(JobErrorText::new),
        ),
    }
}

/// apalis keeps no time of putting in: it is the one in the job's id, to the millisecond.
fn made_at(id: JobId) -> DateTime<Utc> {
    let milliseconds = id.as_uuid().as_u128() >> 80;
    i64::try_from(milliseconds)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or_default()
}

fn time(microseconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(microseconds)
}
