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
WHERE l.tenant_id = t.id ORDER BY l.at DESC LIMIT 1) AS u
WHERE (SELECT count(*) >= 2
AND count(DISTINCT ROW(q.row_count, q.rows_exact, q.bytes, q.index_bytes)) = 1
FROM "public".tenantry_usage AS q
WHERE q.tenant_id = t.id
AND q.at >= $1)
AND t.id > $2 ORDER BY u.tenant_id LIMIT $3 -- binds: [1970-01-01T00:00:00Z, 00000000-0000-7101-8101-010101010101, 50]
