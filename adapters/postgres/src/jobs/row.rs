use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid};
use tenantry::jobs::{
    DeathReason, FencingToken, JobEnvelope, JobErrorText, JobId, JobKind, JobParts, JobPayload,
    JobScope, JobState, Lease, LeasedJob, MaxAttempts, Priority, TraceContext, UniqueKey,
};
use tenantry::ports::{JobQueueError, JobRecord, UnreadableJob};
use tenantry::{Actor, BoxError, TenantId};

/// A job as it is stored.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Uuid)]
    id: uuid::Uuid,
    #[diesel(sql_type = Uuid)]
    lane: uuid::Uuid,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    payload: String,
    #[diesel(sql_type = SmallInt)]
    priority: i16,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    max_attempts: i32,
    #[diesel(sql_type = Nullable<Text>)]
    trace_parent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    trace_state: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    run_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    unique_key: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    token: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    lease_until: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    enqueued_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ended_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    output: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    death: Option<String>,
}

/// How many rows a statement changed.
#[derive(QueryableByName)]
pub(super) struct Changed {
    #[diesel(sql_type = BigInt)]
    pub(super) changed: i64,
}

/// When a lease ends.
#[derive(QueryableByName)]
pub(super) struct Until {
    #[diesel(sql_type = Timestamptz)]
    pub(super) until: DateTime<Utc>,
}

/// Which job is there, and whose.
#[derive(QueryableByName)]
pub(super) struct Found {
    #[diesel(sql_type = Uuid)]
    pub(super) id: uuid::Uuid,
    #[diesel(sql_type = Uuid)]
    pub(super) lane: uuid::Uuid,
}

/// How many jobs are in a state.
#[derive(QueryableByName)]
pub(super) struct Count {
    #[diesel(sql_type = Text)]
    pub(super) state: String,
    #[diesel(sql_type = BigInt)]
    pub(super) jobs: i64,
}

/// The lane of a scope: the tenant's id, or the nil UUID, which no tenant has.
pub(super) fn lane(scope: JobScope) -> uuid::Uuid {
    match scope {
        JobScope::Tenant(id) => id.as_uuid(),
        JobScope::Shared => uuid::Uuid::nil(),
    }
}

fn scope(lane: uuid::Uuid) -> Result<JobScope, BoxError> {
    if lane.is_nil() {
        Ok(JobScope::Shared)
    } else {
        Ok(JobScope::Tenant(TenantId::from_uuid(lane)?))
    }
}

pub(super) fn unreadable(id: uuid::Uuid, source: BoxError) -> UnreadableJob {
    UnreadableJob {
        id: id.to_string(),
        source,
    }
}

impl Row {
    /// The id as it is stored.
    pub(super) fn id(&self) -> uuid::Uuid {
        self.id
    }

    /// The id, and the hand-out's number: what can be said of a row that can't be read, too.
    pub(super) fn handed_out(&self) -> (uuid::Uuid, FencingToken) {
        (self.id, FencingToken::new(self.token))
    }

    pub(super) fn into_record(self) -> Result<JobRecord, UnreadableJob> {
        let id = self.id;
        self.read().map_err(|source| unreadable(id, source))
    }

    pub(super) fn into_leased(self) -> Result<LeasedJob, JobQueueError> {
        let id = self.id;
        let record = self.into_record()?;
        let until = record
            .lease_until
            .ok_or_else(|| unreadable(id, "it was handed out without a lease".into()))?;
        let lease = Lease {
            job: record.job.id(),
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
        let parts = JobParts {
            id: JobId::from_uuid(self.id)?,
            scope: scope(self.lane)?,
            actor: Actor::named(self.actor)?,
            kind: JobKind::new(self.kind)?,
            payload: JobPayload::from_json(self.payload)?,
            priority: Priority::from_number(self.priority).ok_or("an unknown priority")?,
            attempts: u16::try_from(self.attempts)?,
            max_attempts: MaxAttempts::new(u16::try_from(self.max_attempts)?)?,
            trace,
            run_at: self.run_at,
            unique_key: self.unique_key.map(UniqueKey::restore).transpose()?,
        };
        Ok(JobRecord {
            job: JobEnvelope::restore(parts)?,
            state: self.state.parse::<JobState>()?,
            token: FencingToken::new(self.token),
            lease_until: self.lease_until,
            enqueued_at: self.enqueued_at,
            ended_at: self.ended_at,
            output: self.output.map(JobPayload::from_json).transpose()?,
            error: self.error.map(JobErrorText::new),
            death: self
                .death
                .map(|death| death.parse::<DeathReason>())
                .transpose()?,
        })
    }
}
