WITH bumped AS (UPDATE "public".tenantry_rosters SET version = version + 1
WHERE tenant_id = $1
AND version = $2
RETURNING tenant_id), done AS (INSERT INTO "public".tenantry_invitations (id, tenant_id, role, invitee, invited_by, token, made_at, expires_at)
SELECT $3, tenant_id, $4, $5, $6, $7, $8, $9
FROM bumped)
SELECT count(*) AS changed
FROM bumped -- binds: [018bcfe5-6800-7101-8101-010101010101, 7, 018bcfe5-6800-7202-8202-020202020202, "member", Some("email:ada@example.com"), Some("user:42"), "0000000000000000000000000000000000000000000000000000000000000000", 2023-11-14T22:13:20Z, 2023-11-14T22:13:20Z]
