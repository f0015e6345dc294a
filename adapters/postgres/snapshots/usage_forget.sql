DELETE
FROM "public".tenantry_usage AS u
WHERE u.tenant_id = $1
RETURNING 0::pg_catalog.int8 AS number -- binds: [00000000-0000-7101-8101-010101010101]
