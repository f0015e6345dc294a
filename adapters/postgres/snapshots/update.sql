WITH changed AS (UPDATE "public".tenantry_tenants SET name = $1, status = $2, version = $3, provisioned_at = $4, settings = $5
WHERE id = $6
AND version = $7
RETURNING id), found AS (SELECT version
FROM "public".tenantry_tenants
WHERE id = $8 FOR UPDATE)
SELECT EXISTS (SELECT
FROM changed) AS changed, (SELECT version
FROM found) AS found
-- binds: ["Acme", "pending", 1, None, Object {}, 01890a5d-ac96-774b-bcce-b302099a8057, 7, 01890a5d-ac96-774b-bcce-b302099a8057]
