SELECT actor, rights, tenants
FROM "public".tenantry_operators
WHERE actor > $1 ORDER BY actor LIMIT $2 -- binds: ["operator:ines", 50]
