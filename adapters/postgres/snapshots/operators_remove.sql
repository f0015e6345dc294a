WITH gone AS (DELETE
FROM "public".tenantry_operators
WHERE actor = $1), done AS (DELETE
FROM "public".tenantry_operator_sessions
WHERE identity IS NOT NULL
AND actor = $2
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: ["operator:ines", "operator:ines"]
