SELECT number, hash
FROM "public".tenantry_audit
WHERE chain = $1 ORDER BY number DESC LIMIT 1 -- binds: [00000000-0000-0000-0000-000000000000]
