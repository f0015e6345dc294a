WITH job AS (UPDATE "public".tenantry_jobs SET state = 'waiting', lease_until = NULL, run_at = coalesce($1, clock_timestamp()) + $2 * interval '1 microsecond', error = $3
WHERE id = $4
AND token = $5
AND state = 'running'
RETURNING lane, run_at), arrival AS (INSERT INTO "public".tenantry_job_arrivals (lane, ready_at)
SELECT lane, run_at
FROM job)
SELECT count(pg_notify('tenantry_jobs', '')) AS changed
FROM job -- binds: [None, 60000000, "no", 018bcfe5-6800-7707-8707-070707070707, 3]
