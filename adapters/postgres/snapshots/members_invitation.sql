SELECT id, tenant_id, role, invitee, invited_by, token, made_at, expires_at
FROM "public".tenantry_invitations
WHERE token = $1 -- binds: ["0000000000000000000000000000000000000000000000000000000000000000"]
