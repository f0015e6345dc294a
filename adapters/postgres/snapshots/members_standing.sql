SELECT coalesce((SELECT version
FROM "public".tenantry_rosters
WHERE tenant_id = $1), 0) AS version, (SELECT count(*)
FROM "public".tenantry_members
WHERE role = 'owner'
AND tenant_id = $2) AS owners, ARRAY(SELECT subject
FROM "public".tenantry_members
WHERE tenant_id = $3
AND subject = ANY ($4) ORDER BY subject) AS subjects, ARRAY(SELECT role
FROM "public".tenantry_members
WHERE tenant_id = $5
AND subject = ANY ($6) ORDER BY subject) AS roles -- binds: [018bcfe5-6800-7101-8101-010101010101, 018bcfe5-6800-7101-8101-010101010101, 018bcfe5-6800-7101-8101-010101010101, ["user:42"], 018bcfe5-6800-7101-8101-010101010101, ["user:42"]]
