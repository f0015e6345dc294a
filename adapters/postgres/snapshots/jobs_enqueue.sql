WITH lane AS MATERIALIZED (SELECT ready_at
FROM "public".tenantry_job_lanes
WHERE lane = $1 FOR KEY SHARE), job AS (INSERT INTO "public".tenantry_jobs (id, lane, actor, kind, payload, priority, attempts, max_attempts, trace_parent, trace_state, run_at, unique_key, state, token, enqueued_at) VALUES ($2, $3, $4, $5, $6, $7::int2, 0, $8::int4, $9, $10, $11, $12, 'waiting', 0, coalesce($13, clock_timestamp())) ON CONFLICT DO NOTHING
RETURNING lane, run_at), arrival AS (INSERT INTO "public".tenantry_job_arrivals (lane, ready_at)
SELECT job.lane, job.run_at
FROM job
WHERE NOT EXISTS (SELECT
FROM lane
WHERE lane.ready_at <= job.run_at))
SELECT count(pg_notify('tenantry_jobs', '')) AS changed
FROM job -- binds: [00000000-0000-0000-0000-000000000000, 018bcfe5-6800-7707-8707-070707070707, 00000000-0000-0000-0000-000000000000, "system", "report", "1", 1, 10, None, None, 2023-11-14T22:13:20Z, Some("daily"), None]
