SELECT u.at, u.tables
FROM "public".tenantry_usage AS u
WHERE u.tenant_id = $1 ORDER BY u.at DESC LIMIT 1 -- binds: [00000000-0000-7101-8101-010101010101]
