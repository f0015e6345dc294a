SELECT tenant_id, domain, challenge, claimed_at, proven_at, checked_at
FROM "public".tenantry_domains
WHERE proven_at IS NOT NULL
AND domain = $1 -- binds: ["shop.example.com"]
