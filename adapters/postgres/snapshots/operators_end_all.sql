WITH taken AS (DELETE
FROM "public".tenantry_sign_in_links
WHERE actor = $1), done AS (DELETE
FROM "public".tenantry_operator_sessions
WHERE actor = $2
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: ["operator:ines", "operator:ines"]
