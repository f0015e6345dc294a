SELECT count(*) FILTER (WHERE NOT a.attisdropped) = $1 AS changed, NULL::int8 AS found
FROM pg_attribute AS a
WHERE a.attrelid = to_regclass($2)
AND a.attname = ANY ($3::name[])
-- binds: [8, "\"public\".tenantry_tenants", ["id", "slug", "name", "status", "version", "created_at", "provisioned_at", "settings"]]
