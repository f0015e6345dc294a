SELECT id, lane
FROM "public".tenantry_jobs
WHERE id = $1
UNION ALL
SELECT id, lane
FROM "public".tenantry_jobs
WHERE lane = $2
AND unique_key = $3
AND state IN ('waiting', 'running') LIMIT 1 -- binds: [018bcfe5-6800-7707-8707-070707070707, 00000000-0000-0000-0000-000000000000, Some("daily")]
