SELECT pg_current_snapshot()::text AS seen, ARRAY(SELECT DISTINCT tenant_id
FROM "public".tenantry_tenant_changes
WHERE transaction >= pg_snapshot_xmin($1::pg_snapshot)
AND transaction < pg_snapshot_xmax(pg_current_snapshot())
AND NOT pg_visible_in_snapshot(transaction, $2::pg_snapshot)) AS changed -- binds: ["10:20:10,14", "10:20:10,14"]
