SELECT state, count(*) AS jobs
FROM "public".tenantry_jobs
WHERE true GROUP BY state -- binds: []
