WITH job AS (UPDATE "public".tenantry_jobs SET state = 'waiting', lease_until = NULL, attempts = greatest(attempts - 1, 0), run_at = coalesce($1, clock_timestamp()) + $2 * interval '1 microsecond'
WHERE id = $3
AND token = $4
AND state = 'running'
RETURNING lane, run_at), arrival AS (INSERT INTO "public".tenantry_job_arrivals (lane, ready_at)
SELECT lane, run_at
FROM job)
SELECT count(pg_notify('tenantry_jobs', '')) AS changed
FROM job -- binds: [None, 60000000, 018bcfe5-6800-7707-8707-070707070707, 3]
