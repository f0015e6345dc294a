use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tenantry::jobs::{DeathReason, JobId, JobPayload, JobScope, JobState, Priority};
use tenantry::ports::{JobListing, JobRecord, UnreadableJob};
use tenantry::{Actor, TenantId};
use utoipa::ToSchema;

/// Where a job is in its life.
#[derive(ToSchema)]
#[schema(as = JobState, rename_all = "snake_case")]
#[expect(dead_code, reason = "the core's states, as the document shows them")]
pub(crate) enum JobStateView {
    /// It waits for its time and a worker.
    Waiting,
    /// A worker has it.
    Running,
    /// It was done.
    Done,
    /// It was taken back before it was done.
    Cancelled,
    /// It is a dead letter: it waits for a person.
    Dead,
}

/// Which of a tenant's jobs go first.
#[derive(ToSchema)]
#[schema(as = Priority, rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "the core's priorities, as the document shows them"
)]
pub(crate) enum PriorityView {
    /// After all others.
    Low,
    /// As most jobs.
    Normal,
    /// Before all others.
    High,
}

/// A job, without what its handler is given.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedJob {
    /// Its identity.
    #[schema(value_type = String, format = "uuid")]
    id: JobId,
    /// Inside which tenant it runs; in the shared scope, if absent.
    #[schema(value_type = Option<String>, format = "uuid")]
    tenant: Option<TenantId>,
    /// What its handler is found by.
    kind: String,
    /// Who put it in.
    #[schema(value_type = String)]
    actor: Actor,
    /// Where it is in its life.
    #[schema(value_type = JobStateView)]
    state: JobState,
    /// Which of the tenant's jobs go first.
    #[schema(value_type = PriorityView)]
    priority: Priority,
    /// How often it was begun.
    attempts: u16,
    /// How often it may be begun.
    max_attempts: u16,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    run_at: DateTime<Utc>,
    /// When it was put in.
    #[schema(value_type = String, format = DateTime)]
    enqueued_at: DateTime<Utc>,
    /// Until when its worker has it, if it runs.
    #[schema(value_type = Option<String>, format = DateTime)]
    lease_until: Option<DateTime<Utc>>,
    /// When it was done, cancelled or buried.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    error: Option<String>,
    /// Why it is a dead letter, if it is one.
    #[schema(value_type = Option<String>)]
    death: Option<DeathReason>,
    /// What makes it the same as another.
    unique_key: Option<String>,
}

impl From<&JobRecord> for ListedJob {
    fn from(record: &JobRecord) -> Self {
        let job = &record.job;
        let tenant = match job.scope() {
            JobScope::Tenant(tenant) => Some(tenant),
            JobScope::Shared => None,
        };
        Self {
            id: job.id(),
            tenant,
            kind: job.kind().to_string(),
            actor: job.actor().clone(),
            state: record.state,
            priority: job.priority(),
            attempts: job.attempts(),
            max_attempts: job.max_attempts().number(),
            run_at: job.run_at(),
            enqueued_at: record.enqueued_at,
            lease_until: record.lease_until,
            ended_at: record.ended_at,
            error: record.error.as_ref().map(ToString::to_string),
            death: record.death,
            unique_key: job.unique_key().map(ToString::to_string),
        }
    }
}

/// A job, with what its handler is given and what it gave.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    #[serde(flatten)]
    job: ListedJob,
    /// What its handler is given.
    payload: Value,
    /// What it gave.
    #[schema(value_type = Option<Value>)]
    output: Option<Value>,
}

impl From<JobRecord> for JobView {
    fn from(record: JobRecord) -> Self {
        let read = |payload: &JobPayload| payload.read().unwrap_or(Value::Null);
        Self {
            job: ListedJob::from(&record),
            payload: read(record.job.payload()),
            output: record.output.as_ref().map(read),
        }
    }
}

/// A stored job that can't be read.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnreadableJobView {
    /// Which, as it is stored.
    id: String,
    /// What is wrong with it.
    detail: String,
}

/// Some of the jobs, by ascending id.
#[derive(Serialize, ToSchema)]
#[schema(as = JobPage)]
pub(crate) struct JobPageView {
    /// The jobs.
    items: Vec<ListedJob>,
    /// Those of this page that can't be read.
    unreadable: Vec<UnreadableJobView>,
    /// The cursor of the next page, if there may be one.
    #[schema(value_type = Option<String>)]
    next: Option<JobId>,
}

impl From<JobListing> for JobPageView {
    fn from(listing: JobListing) -> Self {
        let unreadable = listing.unreadable.into_iter();
        let unreadable = unreadable.map(|UnreadableJob { id, source }| UnreadableJobView {
            id,
            detail: source.to_string(),
        });
        Self {
            items: listing.records.iter().map(ListedJob::from).collect(),
            unreadable: unreadable.collect(),
            next: listing.next,
        }
    }
}
