SELECT tenant_id
FROM "public".tenantry_domains
WHERE proven_at IS NOT NULL
AND domain = $1 -- binds: ["shop.example.com"]
