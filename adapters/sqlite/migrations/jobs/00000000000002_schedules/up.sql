-- A key is the text of target and name; times are in microseconds since 1970. No two states of these rows have the same
-- revision, not even of a schedule that was removed and put again.
CREATE TABLE tenantry_job_schedules (
    key TEXT PRIMARY KEY NOT NULL,
    target TEXT NOT NULL,
    definition TEXT NOT NULL,
    paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
    next_due INTEGER,
    last_due INTEGER,
    fan_out_due INTEGER,
    fan_out_after TEXT,
    revision INTEGER NOT NULL UNIQUE,
    CHECK (key LIKE target || '/%'),
    CHECK ((fan_out_due IS NULL) = (fan_out_after IS NULL))
) STRICT;

CREATE INDEX tenantry_job_schedules_target ON tenantry_job_schedules (target, key);
CREATE INDEX tenantry_job_schedules_due ON tenantry_job_schedules (coalesce(fan_out_due, next_due)) WHERE NOT paused;

-- The revision that was given last.
CREATE TABLE tenantry_job_schedule_revisions (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    last INTEGER NOT NULL
) STRICT;

INSERT INTO tenantry_job_schedule_revisions (only, last) VALUES (1, 0);
