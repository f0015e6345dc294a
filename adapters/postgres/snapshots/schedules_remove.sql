DELETE
FROM "public".tenantry_job_schedules
WHERE key = $1
RETURNING 1::int8 AS changed -- binds: ["shared/sweep"]
