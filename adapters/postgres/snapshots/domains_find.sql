SELECT tenant_id, domain, challenge, claimed_at, proven_at, checked_at
FROM "public".tenantry_domains
WHERE tenant_id = $1
AND domain = $2 -- binds: [018bcfe5-6800-7101-8101-010101010101, "shop.example.com"]
