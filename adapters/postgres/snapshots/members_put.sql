WITH bumped AS (UPDATE "public".tenantry_rosters SET version = version + 1
WHERE tenant_id = $1
AND version = $2
RETURNING tenant_id), done AS (INSERT INTO "public".tenantry_members (tenant_id, subject, role, since)
SELECT tenant_id, $3, $4, $5
FROM bumped ON CONFLICT (tenant_id, subject) DO UPDATE SET role = excluded.role)
SELECT count(*) AS changed
FROM bumped -- binds: [018bcfe5-6800-7101-8101-010101010101, 7, "user:42", "admin", 2023-11-14T22:13:20Z]
