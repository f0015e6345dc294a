SELECT id, slug, name, status, version, created_at, provisioned_at, settings
FROM "public".tenantry_tenants
WHERE slug = $1
-- binds: ["acme"]
