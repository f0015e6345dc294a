WITH gone AS (DELETE
FROM "public".tenantry_usage AS u USING (SELECT o.tenant_id, o.at
FROM "public".tenantry_usage AS o
WHERE o.at < $1 ORDER BY o.at LIMIT $2) AS old
WHERE u.tenant_id = old.tenant_id
AND u.at = old.at
RETURNING 1)
SELECT count(*) AS number
FROM gone -- binds: [1970-01-01T00:00:00Z, 50]
