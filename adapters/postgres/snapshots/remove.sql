WITH changed AS (DELETE
FROM "public".tenantry_tenants
WHERE id = $1
AND version = $2
RETURNING id), found AS (SELECT version
FROM "public".tenantry_tenants
WHERE id = $3 FOR UPDATE)
SELECT EXISTS (SELECT
FROM changed) AS changed, (SELECT version
FROM found) AS found
-- binds: [01890a5d-ac96-774b-bcce-b302099a8057, 7, 01890a5d-ac96-774b-bcce-b302099a8057]
