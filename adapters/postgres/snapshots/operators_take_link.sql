DELETE
FROM "public".tenantry_sign_in_links
WHERE token = $1
RETURNING token, actor, expires_at -- binds: ["3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"]
