SELECT chain, number, at, actor, action, target, detail, previous, hash
FROM "public".tenantry_audit
WHERE chain = $1
AND number > $2 ORDER BY number LIMIT $3 -- binds: [00000000-0000-0000-0000-000000000000, 7, 50]
