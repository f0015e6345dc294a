WITH done AS (UPDATE "public".tenantry_domains SET proven_at = $1, checked_at = $2
WHERE tenant_id = $3
AND domain = $4
AND challenge = $5
AND proven_at IS NOT DISTINCT
FROM $6
AND checked_at IS NOT DISTINCT
FROM $7
RETURNING domain)
SELECT count(*) AS changed
FROM done -- binds: [Some(2023-11-14T22:13:20Z), Some(2023-11-14T22:13:20Z), 018bcfe5-6800-7101-8101-010101010101, "shop.example.com", "tenantry-domain=0707070707070707070707070707070707070707070707070707070707070707", None, None]
