WITH r AS (DELETE
FROM "public".tenantry_rosters
WHERE tenant_id = $1), m AS (DELETE
FROM "public".tenantry_members
WHERE tenant_id = $2), i AS (DELETE
FROM "public".tenantry_invitations
WHERE tenant_id = $3)
SELECT 1::bigint AS changed -- binds: [018bcfe5-6800-7101-8101-010101010101, 018bcfe5-6800-7101-8101-010101010101, 018bcfe5-6800-7101-8101-010101010101]
