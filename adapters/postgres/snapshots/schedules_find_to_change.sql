SELECT key, definition, paused, next_due, last_due, fan_out_due, fan_out_after, revision
FROM "public".tenantry_job_schedules
WHERE key = $1 FOR NO KEY UPDATE -- binds: ["shared/sweep"]
