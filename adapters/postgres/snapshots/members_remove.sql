WITH bumped AS (UPDATE "public".tenantry_rosters SET version = version + 1
WHERE tenant_id = $1
AND version = $2
RETURNING tenant_id), done AS (DELETE
FROM "public".tenantry_members AS m USING bumped
WHERE m.tenant_id = bumped.tenant_id
AND m.subject = $3)
SELECT count(*) AS changed
FROM bumped -- binds: [018bcfe5-6800-7101-8101-010101010101, 7, "user:42"]
