SELECT tenant_id, domain, challenge, claimed_at, proven_at, checked_at
FROM "public".tenantry_domains
WHERE proven_at IS NOT NULL
AND checked_at < $1 ORDER BY checked_at, tenant_id, domain LIMIT $2 -- binds: [2023-11-14T22:13:20Z, 50]
