SELECT id, tenant_id, role, invitee, invited_by, token, made_at, expires_at
FROM "public".tenantry_invitations
WHERE tenant_id = $1
AND id > $2 ORDER BY id LIMIT $3 -- binds: [018bcfe5-6800-7101-8101-010101010101, 018bcfe5-6800-7202-8202-020202020202, 50]
