SELECT role
FROM "public".tenantry_members
WHERE tenant_id = $1
AND subject = $2 -- binds: [018bcfe5-6800-7101-8101-010101010101, "user:42"]
