SELECT state, count(*) AS jobs
FROM "public".tenantry_jobs
WHERE true
AND lane = $1 GROUP BY state -- binds: [018bcfe5-6800-7101-8101-010101010101]
