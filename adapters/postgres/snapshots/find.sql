SELECT id, slug, name, status, version, created_at, provisioned_at, settings
FROM "public".tenantry_tenants
WHERE id = $1
-- binds: [01890a5d-ac96-774b-bcce-b302099a8057]
