WITH done AS (INSERT INTO "public".tenantry_operators (actor, rights, tenants) VALUES ($1, $2, NULL) ON CONFLICT (actor) DO UPDATE SET rights = excluded.rights, tenants = excluded.tenants
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: ["operator:ines", ["read"]]
