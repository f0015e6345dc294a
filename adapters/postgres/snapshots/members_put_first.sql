WITH bumped AS (INSERT INTO "public".tenantry_rosters (tenant_id, version) VALUES ($1, 1) ON CONFLICT DO NOTHING
RETURNING tenant_id), done AS (INSERT INTO "public".tenantry_members (tenant_id, subject, role, since)
SELECT tenant_id, $2, $3, $4
FROM bumped ON CONFLICT (tenant_id, subject) DO UPDATE SET role = excluded.role)
SELECT count(*) AS changed
FROM bumped -- binds: [018bcfe5-6800-7101-8101-010101010101, "user:42", "admin", 2023-11-14T22:13:20Z]
