WITH job AS (UPDATE "public".tenantry_jobs SET state = 'waiting', lease_until = NULL, attempts = greatest(attempts - 1, 0)
WHERE id = $1
AND token = $2
AND state = 'running'
RETURNING lane, run_at), told AS (UPDATE "public".tenantry_job_lanes AS l SET waits_until = coalesce($3, clock_timestamp()) + $4 * interval '1 microsecond', ready_at = least(l.ready_at, job.run_at)
FROM job
WHERE l.lane = job.lane)
SELECT count(*) AS changed
FROM job -- binds: [018bcfe5-6800-7707-8707-070707070707, 3, None, 60000000]
