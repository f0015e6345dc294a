WITH job AS (UPDATE "public".tenantry_jobs SET state = 'waiting', lease_until = NULL, run_at = least(run_at, coalesce($1, clock_timestamp()))
WHERE id = $2
AND state = 'waiting'
RETURNING lane, run_at), arrival AS (INSERT INTO "public".tenantry_job_arrivals (lane, ready_at)
SELECT lane, run_at
FROM job)
SELECT count(pg_notify('tenantry_jobs', '')) AS changed
FROM job -- binds: [None, 018bcfe5-6800-7707-8707-070707070707]
