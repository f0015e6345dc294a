//! The statements on apalis' table, as its migrations of version 1 leave it.
//!
//! apalis hands out what was due *before* now, so a time is stored a microsecond early: then a job is due *at* its time.

/// What our states are in apalis' words. A worker has what is `Queued`, though it may not have begun it.
macro_rules! state {
    () => {
        "CASE
           WHEN status IN ('Queued', 'Running') THEN 'running'
           WHEN status = 'Done' THEN 'done'
           WHEN status = 'Killed' AND last_result ->> 'Err' = 'cancelled' THEN 'cancelled'
           WHEN status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts) THEN 'dead'
           ELSE 'waiting'
         END"
    };
}

/// A time in whole microseconds, for a parameter.
macro_rules! time {
    ($parameter:literal) => {
        concat!(
            "(timestamptz 'epoch' + ",
            $parameter,
            " * interval '1 microsecond')"
        )
    };
}

macro_rules! columns {
    () => {
        concat!(
            "id, job, status, ",
            state!(),
            " AS state, attempts,
             (extract(epoch FROM run_at) * 1000000)::bigint AS run_at,
             (extract(epoch FROM done_at) * 1000000)::bigint AS done_at,
             last_result::text AS result"
        )
    };
}

pub(crate) const CANCELLED: &str = "cancelled";

pub(crate) const INSERT: &str = concat!(
    "INSERT INTO apalis.jobs
       (id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key, metadata)
     SELECT $1, $2, $3, 'Pending', 0, $4, ",
    time!("$5"),
    ", $6, $7, hstore($8::text[], $9::text[]) ON CONFLICT DO NOTHING"
);

/// Jobs that have ended give their unique key up when another wants it.
pub(crate) const FREE_KEY: &str = concat!(
    "UPDATE apalis.jobs SET idempotency_key = NULL
     WHERE job_type = $1 AND idempotency_key = $2 AND id <> $3 AND ",
    state!(),
    " NOT IN ('waiting', 'running')"
);

/// The job that is there already, by its id or else by its unique key, and whether it is of this queue and scope.
pub(crate) const HOLDER: &str = concat!(
    "SELECT id, coalesce(job_type = $2 AND metadata -> 'tenantry.scope' = $4, false) FROM apalis.jobs
     WHERE id = $1 OR (job_type = $2 AND idempotency_key = $3 AND ",
    state!(),
    " IN ('waiting', 'running')) ORDER BY id <> $1 LIMIT 1"
);

/// Which other job has that unique key.
pub(crate) const KEY_HOLDER: &str =
    "SELECT id, coalesce(metadata -> 'tenantry.scope' = $4, false) FROM apalis.jobs
     WHERE id <> $1 AND job_type = $2 AND idempotency_key = $3";

pub(crate) const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM apalis.jobs WHERE id = $1 AND job_type = $2"
);

pub(crate) const LIST: &str = concat!(
    "SELECT * FROM (SELECT ",
    columns!(),
    ", metadata FROM apalis.jobs WHERE job_type = $1 AND ($2::text IS NULL OR id COLLATE \"C\" > $2)) AS job
     WHERE ($3::text IS NULL OR metadata -> 'tenantry.scope' = $3)
       AND ($4::text[] IS NULL OR state = ANY($4))
     ORDER BY id COLLATE \"C\" LIMIT $5"
);

pub(crate) const PUT_BACK: &str = concat!(
    "UPDATE apalis.jobs SET status = 'Pending', attempts = 0, run_at = now() - interval '1 microsecond',
       done_at = NULL, lock_at = NULL, lock_by = NULL, last_result = NULL, idempotency_key = $3
     WHERE id = $1 AND job_type = $2 AND ",
    state!(),
    " = 'dead'"
);

pub(crate) const MAKE_DUE: &str = concat!(
    "UPDATE apalis.jobs SET run_at = least(run_at, now() - interval '1 microsecond')
     WHERE id = $1 AND job_type = $2 AND ",
    state!(),
    " = 'waiting'"
);

pub(crate) const CANCEL: &str = concat!(
    "UPDATE apalis.jobs SET status = 'Killed', done_at = now(),
       last_result = jsonb_build_object('Err', 'cancelled')
     WHERE id = $1 AND job_type = $2 AND ",
    state!(),
    " IN ('waiting', 'dead')"
);

pub(crate) const STATS: &str = concat!(
    "SELECT ",
    state!(),
    " AS state, count(*) FROM apalis.jobs
     WHERE job_type = $1 AND ($2::text IS NULL OR metadata -> 'tenantry.scope' = $2) GROUP BY 1"
);

pub(crate) const PRUNE: &str = concat!(
    "DELETE FROM apalis.jobs
     WHERE job_type = $1 AND ($2::text IS NULL OR metadata -> 'tenantry.scope' = $2) AND done_at < ",
    time!("$3"),
    " AND ",
    state!(),
    " = ANY($4)"
);

/// Only whoever has the job puts it off. apalis writes the rest when the worker tells it how the attempt ended.
pub(crate) const PUT_OFF: &str = "UPDATE apalis.jobs
     SET run_at = now() + ($3 - 1) * interval '1 microsecond'
     WHERE id = $1 AND lock_by = $2 AND status IN ('Queued', 'Running')";

/// The same for all that wait in the job's scope, in their order, the job itself first. What another worker changes at the
/// moment is left to it.
pub(crate) const PUT_OFF_SCOPE: &str = "WITH own AS (
       SELECT id, job_type, metadata -> 'tenantry.scope' AS scope FROM apalis.jobs
       WHERE id = $1 AND lock_by = $2 AND status IN ('Queued', 'Running') FOR UPDATE
     ), others AS (
       SELECT jobs.id, jobs.run_at
       FROM apalis.jobs AS jobs JOIN own
         ON jobs.job_type = own.job_type AND jobs.metadata -> 'tenantry.scope' = own.scope
       WHERE jobs.id <> own.id AND jobs.status IN ('Pending', 'Failed')
         AND jobs.run_at < now() + $3 * interval '1 microsecond'
       FOR UPDATE OF jobs SKIP LOCKED
     ), ranked AS (
       SELECT id, row_number() OVER (ORDER BY run_at, id) AS place FROM others
       UNION ALL SELECT id, 0 FROM own
     )
     UPDATE apalis.jobs AS jobs
     SET run_at = now() + ($3 + place - (SELECT count(*) FROM ranked)) * interval '1 microsecond'
     FROM ranked WHERE jobs.id = ranked.id";
