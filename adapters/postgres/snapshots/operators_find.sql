SELECT actor, rights, tenants
FROM "public".tenantry_operators
WHERE actor = $1 -- binds: ["operator:ines"]
