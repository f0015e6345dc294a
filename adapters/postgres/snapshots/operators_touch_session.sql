WITH done AS (UPDATE "public".tenantry_operator_sessions SET seen_at = $1
WHERE token = $2
AND seen_at < $3
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: [2023-11-14T22:13:20Z, "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0", 2023-11-14T22:13:20Z]
