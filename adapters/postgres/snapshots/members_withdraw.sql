WITH bumped AS (UPDATE "public".tenantry_rosters SET version = version + 1
WHERE tenant_id = $1
AND version = $2
RETURNING tenant_id), taken AS (DELETE
FROM "public".tenantry_invitations AS i USING bumped
WHERE i.tenant_id = bumped.tenant_id
AND i.id = $3)
SELECT count(*) AS changed
FROM bumped -- binds: [018bcfe5-6800-7101-8101-010101010101, 7, 018bcfe5-6800-7202-8202-020202020202]
