WITH job AS (UPDATE "public".tenantry_jobs SET state = 'cancelled', lease_until = NULL, death = NULL, ended_at = coalesce($1, clock_timestamp())
WHERE id = $2
AND state IN ('waiting', 'dead')
RETURNING id)
SELECT count(*) AS changed
FROM job -- binds: [None, 018bcfe5-6800-7707-8707-070707070707]
