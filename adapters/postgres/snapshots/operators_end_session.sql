WITH done AS (DELETE
FROM "public".tenantry_operator_sessions
WHERE token = $1
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: ["3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"]
