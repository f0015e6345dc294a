WITH bumped AS (UPDATE "public".tenantry_rosters SET version = version + 1
WHERE tenant_id = $1
AND version = $2
RETURNING tenant_id), taken AS (DELETE
FROM "public".tenantry_invitations AS i USING bumped
WHERE i.tenant_id = bumped.tenant_id
AND i.id = $3
RETURNING i.tenant_id), done AS (INSERT INTO "public".tenantry_members (tenant_id, subject, role, since)
SELECT tenant_id, $4, $5, $6
FROM taken ON CONFLICT (tenant_id, subject) DO UPDATE SET role = excluded.role
RETURNING subject)
SELECT count(*) AS changed
FROM done -- binds: [018bcfe5-6800-7101-8101-010101010101, 7, 018bcfe5-6800-7202-8202-020202020202, "user:42", "admin", 2023-11-14T22:13:20Z]
