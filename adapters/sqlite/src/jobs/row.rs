use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use tenantry::jobs::{
    DeathReason, FencingToken, JobEnvelope, JobErrorText, JobId, JobKind, JobParts, JobPayload,
    JobScope, JobState, Lease, LeasedJob, MaxAttempts, Priority, TraceContext, UniqueKey,
};
use tenantry::ports::{JobQueueError, JobRecord, UnreadableJob};
use tenantry::{Actor, BoxError, TenantId};

const SHARED: &str = "shared";

/// A job as it is stored.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    lane: String,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    payload: String,
    #[diesel(sql_type = BigInt)]
    priority: i64,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
    #[diesel(sql_type = BigInt)]
    max_attempts: i64,
    #[diesel(sql_type = Nullable<Text>)]
    trace_parent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    trace_state: Option<String>,
    #[diesel(sql_type = BigInt)]
    run_at: i64,
    #[diesel(sql_type = Nullable<Text>)]
    unique_key: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    token: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    lease_until: Option<i64>,
    #[diesel(sql_type = BigInt)]
    enqueued_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    ended_at: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    output: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    death: Option<String>,
}

/// The columns of [`Row`].
pub(super) const COLUMNS: &str = "id, lane, actor, kind, payload, priority, attempts, max_attempts, trace_parent, \
    trace_state, run_at, unique_key, state, token, lease_until, enqueued_at, ended_at, output, error, death";

/// The lane of a scope. No tenant's id reads as the word for the shared one.
pub(super) fn lane(scope: JobScope) -> String {
    match scope {
        JobScope::Tenant(id) => id.to_string(),
        JobScope::Shared => SHARED.to_owned(),
    }
}

fn scope(lane: &str) -> Result<JobScope, BoxError> {
    if lane == SHARED {
        Ok(JobScope::Shared)
    } else {
        Ok(JobScope::Tenant(lane.parse::<TenantId>()?))
    }
}

/// Microseconds since 1970, as times are stored.
pub(super) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

pub(super) fn time(micros: i64) -> Result<DateTime<Utc>, BoxError> {
    Ok(DateTime::from_timestamp_micros(micros).ok_or("a time that no calendar has")?)
}

impl Row {
    /// The id as it is stored.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The id as it is stored, and the hand-out's number: what can be said of a row that can't be read, too.
    pub(super) fn handed_out(&self) -> (String, i64) {
        (self.id.clone(), self.token)
    }

    pub(super) fn into_record(self) -> Result<JobRecord, UnreadableJob> {
        let id = self.id.clone();
        self.read().map_err(|source| UnreadableJob { id, source })
    }

    pub(super) fn into_leased(self) -> Result<LeasedJob, JobQueueError> {
        let record = self.into_record()?;
        let job = record.job.id();
        let until = record.lease_until.ok_or_else(|| UnreadableJob {
            id: job.to_string(),
            source: "it was handed out without a lease".into(),
        })?;
        let lease = Lease {
            job,
            token: record.token,
            until,
        };
        Ok(LeasedJob {
            job: record.job,
            lease,
        })
    }

    fn read(self) -> Result<JobRecord, BoxError> {
        let trace = match self.trace_parent {
            Some(parent) => Some(TraceContext::new(parent, self.trace_state)?),
            None => None,
        };
        let priority = i16::try_from(self.priority)?;
        let parts = JobParts {
            id: self.id.parse::<JobId>()?,
            scope: scope(&self.lane)?,
            actor: Actor::named(self.actor)?,
            kind: JobKind::new(self.kind)?,
            payload: JobPayload::from_json(self.payload)?,
            priority: Priority::from_number(priority).ok_or("an unknown priority")?,
            attempts: u16::try_from(self.attempts)?,
            max_attempts: MaxAttempts::new(u16::try_from(self.max_attempts)?)?,
            trace,
            run_at: time(self.run_at)?,
            unique_key: self.unique_key.map(UniqueKey::restore).transpose()?,
        };
        Ok(JobRecord {
            job: JobEnvelope::restore(parts)?,
            state: self.state.parse::<JobState>()?,
            token: FencingToken::new(self.token),
            lease_until: self.lease_until.map(time).transpose()?,
            enqueued_at: time(self.enqueued_at)?,
            ended_at: self.ended_at.map(time).transpose()?,
            output: self.output.map(JobPayload::from_json).transpose()?,
            error: self.error.map(JobErrorText::new),
            death: self
                .death
                .map(|death| death.parse::<DeathReason>())
                .transpose()?,
        })
    }
}
