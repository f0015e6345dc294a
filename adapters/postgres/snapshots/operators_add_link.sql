WITH done AS (INSERT INTO "public".tenantry_sign_in_links (token, actor, expires_at) VALUES ($1, $2, $3)
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: ["3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0", "operator:ines", 2023-11-14T22:13:20Z]
