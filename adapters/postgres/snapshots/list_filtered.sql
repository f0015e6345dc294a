SELECT id, slug, name, status, version, created_at, provisioned_at, settings
FROM "public".tenantry_tenants
WHERE true
AND id > $1
AND status = ANY ($2)
AND (strpos(lower(slug COLLATE "C"), $3) > 0
OR strpos(lower(name COLLATE "C"), $4) > 0) ORDER BY id LIMIT $5
-- binds: [01890a5d-ac96-774b-bcce-b302099a8057, ["active", "suspended"], "ac%me", "ac%me", 3]
