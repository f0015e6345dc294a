WITH replaced AS (DELETE
FROM "public".tenantry_operator_sessions
WHERE token = $1), done AS (INSERT INTO "public".tenantry_operator_sessions (token, actor, account, identity, begun_at, seen_at) VALUES ($2, $3, $4, $5, $6, $7)
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: ["3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0", "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0", "operator:ines", Some("operator:ines"), None, 2023-11-14T22:13:20Z, 2023-11-14T22:13:20Z]
