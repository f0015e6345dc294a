SELECT id, lane
FROM "public".tenantry_jobs
WHERE lane = $1
AND unique_key = $2
AND state IN ('waiting', 'running') LIMIT 1 -- binds: [00000000-0000-0000-0000-000000000000, Some("daily")]
