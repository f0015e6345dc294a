SELECT chain, number, at, actor, action, target, detail, previous, hash
FROM "public".tenantry_audit_append($1, $2, $3, $4, $5, $6, $7) -- binds: [00000000-0000-0000-0000-000000000000, 2023-11-14T22:13:20.123456Z, 1700000000123456, "system", "tenant.created", "", "{}"]
