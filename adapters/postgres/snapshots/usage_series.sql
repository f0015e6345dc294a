SELECT DISTINCT ON (part) u.tenant_id, u.at, u.row_count, u.rows_exact, u.bytes, u.index_bytes, pg_catalog.div((EXTRACT(EPOCH
FROM u.at - $1) * 1000000)::pg_catalog.int8 * CAST($2 AS pg_catalog.numeric), CAST($3 AS pg_catalog.numeric)) AS part
FROM "public".tenantry_usage AS u
WHERE u.tenant_id = $4
AND u.at >= $5
AND u.at < $6 ORDER BY part, u.at DESC -- binds: [1970-01-01T00:00:00Z, 50, 86400000000, 00000000-0000-7101-8101-010101010101, 1970-01-01T00:00:00Z, 1970-01-02T00:00:00Z]
