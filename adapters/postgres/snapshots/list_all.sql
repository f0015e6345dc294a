SELECT id, slug, name, status, version, created_at, provisioned_at, settings
FROM "public".tenantry_tenants
WHERE true ORDER BY id LIMIT $1
-- binds: [3]
