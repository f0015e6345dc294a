//! The queue's statements. Every table is named with its schema, so no path matters.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tenantry::jobs::JobState;
use tenantry::jobs::{
    DeathReason, FencingToken, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach,
    JobScope, Lease,
};
use tenantry::ports::{JobFilter, JobShare, Prune, WaitReach};

use super::row::lane;
use crate::SharedSchema;
use crate::repository::statement::Statement;

pub(super) const CHANNEL: &str = "tenantry_jobs";
pub(super) const UNIQUE_KEY: &str = "tenantry_jobs_unique_key";
/// How many jobs one statement prunes.
pub(super) const PRUNED_AT_ONCE: i64 = 10_000;

const COLUMNS: &str = "id, lane, actor, kind, payload, priority, attempts, max_attempts, trace_parent, trace_state, \
    run_at, unique_key, state, token, lease_until, enqueued_at, ended_at, output, error, death";

/// Where the tables are, and what time it is: the server's own time if nobody brings another.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    schema: String,
}

/// A time that the server's clock stands in for.
pub(super) type Now = Option<DateTime<Utc>>;

impl Sql {
    pub(super) fn new(shared: &SharedSchema) -> Self {
        Self {
            schema: shared.quoted(),
        }
    }

    fn jobs(&self) -> String {
        format!("{}.tenantry_jobs", self.schema)
    }

    fn lanes(&self) -> String {
        format!("{}.tenantry_job_lanes", self.schema)
    }

    fn arrivals(&self) -> String {
        format!("{}.tenantry_job_arrivals", self.schema)
    }

    /// The lane's lock is shared, so that no two transactions which put jobs in wait for each other; it only keeps the
    /// lane from standing aside meanwhile.
    pub(super) fn enqueue(&self, job: &JobEnvelope, now: Now) -> Statement {
        let (lanes, jobs, arrivals) = (self.lanes(), self.jobs(), self.arrivals());
        let lane = lane(job.scope());
        let trace = job.trace();
        Statement::new(format!(
            "WITH lane AS MATERIALIZED (SELECT ready_at FROM {lanes} WHERE lane = "
        ))
        .uuid(lane)
        .sql(format!(
            " FOR KEY SHARE), job AS (INSERT INTO {jobs} (id, lane, actor, kind, payload, priority, attempts, \
             max_attempts, trace_parent, trace_state, run_at, unique_key, state, token, enqueued_at) VALUES ("
        ))
        .uuid(job.id().as_uuid())
        .sql(", ")
        .uuid(lane)
        .sql(", ")
        .text(job.actor().as_str())
        .sql(", ")
        .text(job.kind().as_str())
        .sql(", ")
        .text(job.payload().as_json())
        .sql(", ")
        .number(i64::from(job.priority().number()))
        .sql("::int2, 0, ")
        .number(i64::from(job.max_attempts().number()))
        .sql("::int4, ")
        .optional_text(trace.map(tenantry::jobs::TraceContext::parent))
        .sql(", ")
        .optional_text(trace.and_then(tenantry::jobs::TraceContext::state))
        .sql(", ")
        .time(job.run_at())
        .sql(", ")
        .optional_text(job.unique_key().map(tenantry::jobs::UniqueKey::as_str))
        .sql(", 'waiting', 0, ")
        .moment(now)
        .sql(format!(
            ") ON CONFLICT DO NOTHING RETURNING lane, run_at), \
             arrival AS (INSERT INTO {arrivals} (lane, ready_at) SELECT job.lane, job.run_at FROM job \
             WHERE NOT EXISTS (SELECT FROM lane WHERE lane.ready_at <= job.run_at)) \
             SELECT count(pg_notify('{CHANNEL}', '')) AS changed FROM job"
        ))
    }

    /// Who kept a job from being put in.
    pub(super) fn holder(&self, job: &JobEnvelope) -> Statement {
        let same_id = Statement::new(format!("SELECT id, lane FROM {} WHERE id = ", self.jobs()));
        let same_id = same_id.uuid(job.id().as_uuid()).sql(" UNION ALL ");
        self.same_key(same_id, job)
    }

    /// Who keeps a dead letter from being put back.
    pub(super) fn other_holder(&self, job: &JobEnvelope) -> Statement {
        self.same_key(Statement::default(), job)
    }

    fn same_key(&self, statement: Statement, job: &JobEnvelope) -> Statement {
        statement
            .sql(format!(
                "SELECT id, lane FROM {} WHERE lane = ",
                self.jobs()
            ))
            .uuid(lane(job.scope()))
            .sql(" AND unique_key = ")
            .optional_text(job.unique_key().map(tenantry::jobs::UniqueKey::as_str))
            .sql(" AND state IN ('waiting', 'running') LIMIT 1")
    }

    pub(super) fn reserve(
        &self,
        kinds: &BTreeSet<JobKind>,
        lease_for: Duration,
        at_once: Option<u16>,
        now: Now,
    ) -> Statement {
        let kinds = kinds.iter().map(|kind| kind.as_str().to_owned());
        let limit = at_once.map_or("NULL".to_owned(), |limit| limit.to_string());
        Statement::new(format!(
            "SELECT {COLUMNS} FROM {}.tenantry_job_reserve(",
            self.schema
        ))
        .texts(kinds.collect())
        .sql(", ")
        .number(microseconds(lease_for))
        .sql(format!(", {limit}, "))
        .optional_time(now)
        .sql(")")
    }

    pub(super) fn extend(&self, lease: &Lease, lease_for: Duration, now: Now) -> Statement {
        Statement::new(format!("UPDATE {} SET lease_until = ", self.jobs()))
            .after(now, lease_for)
            .leased(lease)
            .sql(" RETURNING lease_until AS until")
    }

    pub(super) fn complete(
        &self,
        lease: &Lease,
        output: Option<&JobPayload>,
        now: Now,
    ) -> Statement {
        self.settle("done")
            .sql(", ended_at = ")
            .moment(now)
            .sql(", output = ")
            .optional_text(output.map(JobPayload::as_json))
            .leased(lease)
            .sql(" RETURNING id) SELECT count(*) AS changed FROM job")
    }

    pub(super) fn bury(
        &self,
        lease: &Lease,
        reason: DeathReason,
        error: &JobErrorText,
        now: Now,
    ) -> Statement {
        self.bury_handed_out(lease.job.as_uuid(), lease.token, reason, error, now)
    }

    /// The same for a job that nobody can read: its id needn't be one that a job has.
    pub(super) fn bury_handed_out(
        &self,
        id: uuid::Uuid,
        token: FencingToken,
        reason: DeathReason,
        error: &JobErrorText,
        now: Now,
    ) -> Statement {
        self.settle("dead")
            .sql(", ended_at = ")
            .moment(now)
            .sql(", death = ")
            .text(reason.as_str())
            .sql(", error = ")
            .text(error.as_str())
            .handed_out(id, token)
            .sql(" RETURNING id) SELECT count(*) AS changed FROM job")
    }

    pub(super) fn retry(
        &self,
        lease: &Lease,
        after: Duration,
        error: &JobErrorText,
        now: Now,
    ) -> Statement {
        let changed = self
            .settle("waiting")
            .sql(", run_at = ")
            .after(now, after)
            .sql(", error = ")
            .text(error.as_str())
            .leased(lease);
        self.arriving(changed)
    }

    pub(super) fn give_back(
        &self,
        lease: &Lease,
        wait: Duration,
        reach: WaitReach,
        now: Now,
    ) -> Statement {
        let changed = self
            .settle("waiting")
            .sql(", attempts = greatest(attempts - 1, 0)");
        match reach {
            WaitReach::Job => {
                let changed = changed.sql(", run_at = ").after(now, wait).leased(lease);
                self.arriving(changed)
            }
            WaitReach::Scope => {
                let lanes = self.lanes();
                let told = changed
                    .leased(lease)
                    .sql(format!(
                        " RETURNING lane, run_at), told AS (UPDATE {lanes} AS l SET waits_until = "
                    ))
                    .after(now, wait)
                    .sql(", ready_at = least(l.ready_at, job.run_at) FROM job WHERE l.lane = job.lane)");
                told.sql(" SELECT count(*) AS changed FROM job")
            }
        }
    }

    pub(super) fn find(&self, id: JobId) -> Statement {
        Statement::new(format!("SELECT {COLUMNS} FROM {} WHERE id = ", self.jobs()))
            .uuid(id.as_uuid())
    }

    pub(super) fn list(
        &self,
        filter: &JobFilter,
        after: Option<uuid::Uuid>,
        most: u16,
    ) -> Statement {
        let JobFilter { reach, states } = filter;
        let mut statement =
            Statement::new(format!("SELECT {COLUMNS} FROM {} WHERE true", self.jobs()))
                .reaching(*reach);
        if let Some(after) = after {
            statement = statement.sql(" AND id > ").uuid(after);
        }
        if !states.is_empty() {
            let states = states.iter().map(|state| state.as_str().to_owned());
            statement = statement
                .sql(" AND state = ANY (")
                .texts(states.collect())
                .sql(")");
        }
        statement.sql(" ORDER BY id LIMIT ").number(i64::from(most))
    }

    pub(super) fn put_back(&self, id: JobId, now: Now) -> Statement {
        let changed = self
            .settle("waiting")
            .sql(", ended_at = NULL, death = NULL, attempts = 0, run_at = ")
            .moment(now)
            .sql(" WHERE id = ")
            .uuid(id.as_uuid())
            .sql(" AND state = 'dead'");
        self.arriving(changed)
    }

    pub(super) fn make_due(&self, id: JobId, now: Now) -> Statement {
        let changed = self
            .settle("waiting")
            .sql(", run_at = least(run_at, ")
            .moment(now)
            .sql(") WHERE id = ")
            .uuid(id.as_uuid())
            .sql(" AND state = 'waiting'");
        self.arriving(changed)
    }

    pub(super) fn cancel(&self, id: JobId, now: Now) -> Statement {
        self.settle("cancelled")
            .sql(", death = NULL, ended_at = ")
            .moment(now)
            .sql(" WHERE id = ")
            .uuid(id.as_uuid())
            .sql(" AND state IN ('waiting', 'dead') RETURNING id) SELECT count(*) AS changed FROM job")
    }

    pub(super) fn stats(&self, reach: JobReach) -> Statement {
        Statement::new(format!(
            "SELECT state, count(*) AS jobs FROM {} WHERE true",
            self.jobs()
        ))
        .reaching(reach)
        .sql(" GROUP BY state")
    }

    pub(super) fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Statement {
        let states = JobState::ALL.into_iter().filter(|state| what.takes(*state));
        let states = states.map(|state| state.as_str().to_owned()).collect();
        let jobs = self.jobs();
        Statement::new(format!(
            "WITH job AS (DELETE FROM {jobs} WHERE id = ANY (ARRAY(SELECT id FROM {jobs} WHERE ended_at < "
        ))
        .time(ended_before)
        .sql(" AND state = ANY (")
        .texts(states)
        .sql(")")
        .reaching(reach)
        .sql(format!(
            " LIMIT {PRUNED_AT_ONCE} FOR UPDATE SKIP LOCKED)) RETURNING id) \
             SELECT count(*) AS changed FROM job"
        ))
    }

    pub(super) fn set_share(&self, scope: JobScope, share: JobShare) -> Statement {
        let JobShare { weight, at_once } = share;
        let at_once = at_once.map_or("NULL".to_owned(), |limit| limit.to_string());
        Statement::new(format!(
            "INSERT INTO {} (lane, weight, at_once) VALUES (",
            self.lanes()
        ))
        .uuid(lane(scope))
        .sql(format!(
            ", {}, {at_once}) ON CONFLICT (lane) DO UPDATE SET weight = excluded.weight, \
             at_once = excluded.at_once RETURNING 1::int8 AS changed",
            weight.number()
        ))
    }

    fn settle(&self, state: &str) -> Statement {
        Statement::new(format!(
            "WITH job AS (UPDATE {} SET state = '{state}', lease_until = NULL",
            self.jobs()
        ))
    }

    /// A job that waits again is told like one that was put in.
    fn arriving(&self, changed: Statement) -> Statement {
        let arrivals = self.arrivals();
        changed.sql(format!(
            " RETURNING lane, run_at), arrival AS (INSERT INTO {arrivals} (lane, ready_at) \
             SELECT lane, run_at FROM job) SELECT count(pg_notify('{CHANNEL}', '')) AS changed FROM job"
        ))
    }
}

impl Statement {
    fn moment(self, now: Now) -> Self {
        self.sql("coalesce(")
            .optional_time(now)
            .sql(", clock_timestamp())")
    }

    fn after(self, now: Now, wait: Duration) -> Self {
        self.moment(now)
            .sql(" + ")
            .number(microseconds(wait))
            .sql(" * interval '1 microsecond'")
    }

    /// Only for whoever has the job.
    fn leased(self, lease: &Lease) -> Self {
        self.handed_out(lease.job.as_uuid(), lease.token)
    }

    fn handed_out(self, id: uuid::Uuid, token: FencingToken) -> Self {
        self.sql(" WHERE id = ")
            .uuid(id)
            .sql(" AND token = ")
            .number(token.number())
            .sql(" AND state = 'running'")
    }

    fn reaching(self, reach: JobReach) -> Self {
        match reach {
            JobReach::Everything => self,
            JobReach::Only(scope) => self.sql(" AND lane = ").uuid(lane(scope)),
        }
    }
}

/// A wait of a hundred years at most: whatever is added to it, PostgreSQL can tell the time.
fn microseconds(wait: Duration) -> i64 {
    const LONGEST: i64 = 100 * 365 * 24 * 60 * 60 * 1_000_000;
    i64::try_from(wait.as_micros()).map_or(LONGEST, |wait| wait.min(LONGEST))
}
