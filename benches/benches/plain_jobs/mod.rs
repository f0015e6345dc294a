//! A queue that knows no tenants: a table on one connection of Diesel's own. It is the floor of PostgreSQL's jobs.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types;
use tenantry::BoxError;
use tenantry::jobs::{JobEnvelope, JobId, JobScope};
use tenantry_benches::JobFloor;

/// The columns of Tenantry's own table, with the two indexes that it doesn't go without: the key, and the order.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS public.plain_jobs (
        LIKE public.tenantry_jobs INCLUDING IDENTITY,
        PRIMARY KEY (id)
    );
    CREATE INDEX IF NOT EXISTS plain_jobs_waiting ON public.plain_jobs (priority DESC, run_at, number)
        WHERE state = 'waiting'
";

/// One statement, as one writes it by hand: what others have locked is passed over.
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

/// A statement that Diesel keeps prepared by its text, as it does the adapter's. Its own INSERT and UPDATE it would have
/// prepared each time, at the price of a round trip.
struct Kept(Vec<Part>);

enum Part {
    Sql(&'static str),
    Uuid(uuid::Uuid),
    Text(String),
    Small(i16),
    Whole(i32),
    Time(DateTime<Utc>),
}

impl QueryFragment<Pg> for Kept {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in &self.0 {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Uuid(value) => out.push_bind_param::<sql_types::Uuid, _>(value)?,
                Part::Text(value) => out.push_bind_param::<sql_types::Text, _>(value)?,
                Part::Small(value) => out.push_bind_param::<sql_types::SmallInt, _>(value)?,
                Part::Whole(value) => out.push_bind_param::<sql_types::Integer, _>(value)?,
                Part::Time(value) => out.push_bind_param::<sql_types::Timestamptz, _>(value)?,
            }
        }
        Ok(())
    }
}

impl QueryId for Kept {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Kept {
    type SqlType = sql_types::Uuid;
}

impl RunQueryDsl<PgConnection> for Kept {}

fn insert(job: &JobEnvelope) -> Kept {
    let lane = match job.scope() {
        JobScope::Tenant(tenant) => tenant.as_uuid(),
        JobScope::Shared => uuid::Uuid::nil(),
    };
    let values = [
        Part::Uuid(job.id().as_uuid()),
        Part::Uuid(lane),
        Part::Text(job.actor().as_str().to_owned()),
        Part::Text(job.kind().as_str().to_owned()),
        Part::Text(job.payload().as_json().to_owned()),
        Part::Small(job.priority().number()),
        Part::Whole(i32::from(job.max_attempts().number())),
        Part::Time(job.run_at()),
    ];
    let mut parts = vec![Part::Sql(
        "INSERT INTO public.plain_jobs (attempts, state, token, enqueued_at, id, lane, actor, kind, payload, priority, \
         max_attempts, run_at) VALUES (0, 'waiting', 0, clock_timestamp()",
    )];
    for value in values {
        parts.extend([Part::Sql(", "), value]);
    }
    parts.push(Part::Sql(") RETURNING id"));
    Kept(parts)
}

fn complete(job: JobId) -> Kept {
    Kept(vec![
        Part::Sql(
            "UPDATE public.plain_jobs SET state = 'done', lease_until = NULL, ended_at = clock_timestamp() WHERE id = ",
        ),
        Part::Uuid(job.as_uuid()),
        Part::Sql(" RETURNING id"),
    ])
}

pub(crate) struct PlainJobs(PgConnection);

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
        let _: uuid::Uuid = insert(job).get_result(&mut self.0)?;
        Ok(())
    }

    fn take(&mut self) -> Result<Option<JobId>, BoxError> {
        let take = Kept(vec![Part::Sql(TAKE)]);
        let taken: Option<uuid::Uuid> = take.get_result(&mut self.0).optional()?;
        Ok(taken.map(JobId::from_uuid).transpose()?)
    }

    fn complete(&mut self, job: JobId) -> Result<(), BoxError> {
        let _: uuid::Uuid = complete(job).get_result(&mut self.0)?;
        Ok(())
    }
}
