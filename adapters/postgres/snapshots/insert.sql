INSERT INTO "public".tenantry_tenants (id, slug, name, status, version, created_at, provisioned_at, settings) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING true AS changed, version AS found
-- binds: [01890a5d-ac96-774b-bcce-b302099a8057, "acme", "Acme", "pending", 1, 2023-11-14T22:13:20.123456Z, None, Object {}]
