-- Times are in microseconds since 1970, so that what is read equals what was written. A lane is a tenant's id, or
-- 'shared' for jobs that were put in as shared on purpose.
CREATE TABLE tenantry_jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2),
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL CHECK (max_attempts BETWEEN 1 AND 1000),
    trace_parent TEXT,
    trace_state TEXT,
    run_at INTEGER NOT NULL,
    unique_key TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'cancelled', 'dead')),
    token INTEGER NOT NULL,
    lease_until INTEGER,
    enqueued_at INTEGER NOT NULL,
    ended_at INTEGER,
    output TEXT,
    error TEXT,
    death TEXT,
    CHECK (attempts BETWEEN 0 AND max_attempts),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'cancelled', 'dead')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'dead') = (death IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX tenantry_jobs_unique_key ON tenantry_jobs (lane, unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('waiting', 'running');
CREATE INDEX tenantry_jobs_waiting ON tenantry_jobs (lane, priority DESC, run_at, number) WHERE state = 'waiting';
CREATE INDEX tenantry_jobs_running ON tenantry_jobs (lane) WHERE state = 'running';
CREATE INDEX tenantry_jobs_leases ON tenantry_jobs (lease_until) WHERE state = 'running';
CREATE INDEX tenantry_jobs_ended ON tenantry_jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX tenantry_jobs_of_lane ON tenantry_jobs (lane, id);

CREATE TABLE tenantry_job_lanes (
    lane TEXT PRIMARY KEY NOT NULL,
    tag INTEGER NOT NULL DEFAULT 0,
    start INTEGER NOT NULL DEFAULT 0,
    weight INTEGER NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
    at_once INTEGER,
    waits_until INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX tenantry_job_lanes_turn ON tenantry_job_lanes (tag, lane);
CREATE INDEX tenantry_job_lanes_start ON tenantry_job_lanes (start);
