WITH over AS (DELETE
FROM "public".tenantry_sign_in_links
WHERE expires_at <= $1), done AS (DELETE
FROM "public".tenantry_operator_sessions
WHERE begun_at <= $2
OR seen_at <= $3
RETURNING 1)
SELECT count(*) AS changed
FROM done -- binds: [2023-11-14T22:13:20Z, 2023-11-14T22:13:20Z, 2023-11-14T22:13:20Z]
