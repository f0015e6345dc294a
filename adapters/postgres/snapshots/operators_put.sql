WITH done AS (INSERT INTO "public".tenantry_operators (actor, rights, tenants) VALUES ($1, $2, $3) ON CONFLICT (actor) DO UPDATE SET rights = excluded.rights, tenants = excluded.tenants
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: ["operator:ines", ["read"], ["018bcfe5-6800-7101-8101-010101010101"]]
