WITH job AS (UPDATE "public".tenantry_jobs SET state = 'dead', lease_until = NULL, ended_at = coalesce($1, clock_timestamp()), death = $2, error = $3
WHERE id = $4
AND token = $5
AND state = 'running'
RETURNING id)
SELECT count(*) AS changed
FROM job -- binds: [None, "tenant_deleted", "no", 018bcfe5-6800-7707-8707-070707070707, 3]
