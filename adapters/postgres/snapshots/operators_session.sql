SELECT s.token, s.actor, s.identity, s.begun_at, s.seen_at, a.rights, a.tenants
FROM "public".tenantry_operator_sessions AS s LEFT JOIN "public".tenantry_operators AS a ON a.actor = s.account
WHERE s.token = $1 -- binds: ["3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"]
