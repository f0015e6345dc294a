WITH job AS (DELETE
FROM "public".tenantry_jobs
WHERE id = ANY (ARRAY(SELECT id
FROM "public".tenantry_jobs
WHERE ended_at < $1
AND state = ANY ($2)
AND lane = $3 LIMIT 10000 FOR UPDATE SKIP LOCKED))
RETURNING id)
SELECT count(*) AS changed
FROM job -- binds: [2023-11-14T22:13:20Z, ["done", "cancelled"], 018bcfe5-6800-7101-8101-010101010101]
