WITH RECURSIVE t(id) AS ((SELECT f.tenant_id
FROM "public".tenantry_usage AS f ORDER BY f.tenant_id LIMIT 1)
UNION ALL
SELECT (SELECT f.tenant_id
FROM "public".tenantry_usage AS f
WHERE f.tenant_id > t.id ORDER BY f.tenant_id LIMIT 1)
FROM t
WHERE t.id IS NOT NULL)
SELECT u.tenant_id, u.at, u.row_count, u.rows_exact, u.bytes, u.index_bytes
FROM t
CROSS JOIN LATERAL (SELECT l.*
FROM "public".tenantry_usage AS l
WHERE l.tenant_id = t.id ORDER BY l.at DESC LIMIT 1) AS u ORDER BY u.bytes::pg_catalog.numeric + u.index_bytes DESC, u.tenant_id LIMIT $1 -- binds: [50]
