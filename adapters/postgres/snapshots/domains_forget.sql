WITH done AS (DELETE
FROM "public".tenantry_domains
WHERE tenant_id = $1
RETURNING domain)
SELECT count(*) AS changed
FROM done -- binds: [018bcfe5-6800-7101-8101-010101010101]
