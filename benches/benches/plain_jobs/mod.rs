//! A queue that knows no tenants: a table on one connection of Diesel's own. It is the floor of PostgreSQL's jobs.

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types;
use tenantry::BoxError;
use tenantry::jobs::{JobEnvelope, JobId, JobScope};
use tenantry_benches::JobFloor;

diesel::table! {
    plain_jobs (id) {
        id -> Uuid,
        lane -> Uuid,
        actor -> Text,
        kind -> Text,
        payload -> Text,
        priority -> SmallInt,
        attempts -> Integer,
        max_attempts -> Integer,
        run_at -> Timestamptz,
        state -> Text,
        token -> BigInt,
        lease_until -> Nullable<Timestamptz>,
        enqueued_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::define_sql_function! {
    /// The server's time.
    fn clock_timestamp() -> Timestamptz;
}

/// The columns of Tenantry's own table, with the two indexes that it doesn't go without: the key, and the order.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS public.plain_jobs (
        LIKE public.tenantry_jobs INCLUDING IDENTITY,
        PRIMARY KEY (id)
    );
    CREATE INDEX IF NOT EXISTS plain_jobs_waiting ON public.plain_jobs (priority DESC, run_at, number)
        WHERE state = 'waiting';
    SET search_path TO public, pg_temp
";

/// One statement, as one writes it by hand: what others have locked is passed over. Diesel keeps it prepared, as it
/// does the adapter's.
#[derive(QueryId)]
struct Take;

const TAKE: &str = "
    UPDATE public.plain_jobs
    SET state = 'running', attempts = attempts + 1, token = token + 1,
        lease_until = clock_timestamp() + interval '5 minutes'
    WHERE id = (
        SELECT id FROM public.plain_jobs WHERE state = 'waiting' AND run_at <= clock_timestamp()
        ORDER BY priority DESC, run_at, number LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id
";

pub(crate) struct PlainJobs(PgConnection);

impl QueryFragment<Pg> for Take {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(TAKE);
        Ok(())
    }
}

impl Query for Take {
    type SqlType = sql_types::Uuid;
}

impl RunQueryDsl<PgConnection> for Take {}

impl PlainJobs {
    pub(crate) fn connect(url: &str) -> Result<Self, BoxError> {
        let mut connection = PgConnection::establish(url)?;
        connection.batch_execute(TABLE)?;
        Ok(Self(connection))
    }
}

impl JobFloor for PlainJobs {
    fn begin(&mut self) -> Result<(), BoxError> {
        Ok(self.0.batch_execute("BEGIN")?)
    }

    fn commit(&mut self) -> Result<(), BoxError> {
        Ok(self.0.batch_execute("COMMIT")?)
    }

    fn insert(&mut self, job: &JobEnvelope) -> Result<(), BoxError> {
        let lane = match job.scope() {
            JobScope::Tenant(tenant) => tenant.as_uuid(),
            JobScope::Shared => uuid::Uuid::nil(),
        };
        diesel::insert_into(plain_jobs::table)
            .values((
                plain_jobs::id.eq(job.id().as_uuid()),
                plain_jobs::lane.eq(lane),
                plain_jobs::actor.eq(job.actor().as_str()),
                plain_jobs::kind.eq(job.kind().as_str()),
                plain_jobs::payload.eq(job.payload().as_json()),
                plain_jobs::priority.eq(job.priority().number()),
                plain_jobs::attempts.eq(0),
                plain_jobs::max_attempts.eq(i32::from(job.max_attempts().number())),
                plain_jobs::run_at.eq(job.run_at()),
                plain_jobs::state.eq("waiting"),
                plain_jobs::token.eq(0),
                plain_jobs::enqueued_at.eq(clock_timestamp()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    fn take(&mut self) -> Result<Option<JobId>, BoxError> {
        let taken: Option<uuid::Uuid> = Take.get_result(&mut self.0).optional()?;
        Ok(taken.map(JobId::from_uuid).transpose()?)
    }

    fn complete(&mut self, job: JobId) -> Result<(), BoxError> {
        diesel::update(plain_jobs::table.find(job.as_uuid()))
            .set((
                plain_jobs::state.eq("done"),
                plain_jobs::lease_until.eq(None::<chrono::DateTime<chrono::Utc>>),
                plain_jobs::ended_at.eq(clock_timestamp().nullable()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }
}
