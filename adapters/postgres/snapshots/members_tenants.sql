SELECT tenant_id, role
FROM "public".tenantry_members
WHERE subject = $1
AND tenant_id > $2 ORDER BY tenant_id LIMIT $3 -- binds: ["user:42", 018bcfe5-6800-7101-8101-010101010101, 50]
