WITH job AS (UPDATE "public".tenantry_jobs SET state = 'done', lease_until = NULL, ended_at = coalesce($1, clock_timestamp()), output = $2
WHERE id = $3
AND token = $4
AND state = 'running'
RETURNING id)
SELECT count(*) AS changed
FROM job -- binds: [None, Some("1"), 018bcfe5-6800-7707-8707-070707070707, 3]
