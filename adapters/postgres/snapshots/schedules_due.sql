SELECT key, definition, paused, next_due, last_due, fan_out_due, fan_out_after, revision
FROM "public".tenantry_job_schedules
WHERE NOT paused
AND coalesce(fan_out_due, next_due) <= $1
AND key > $2 ORDER BY key LIMIT $3 -- binds: [2023-11-14T22:13:20Z, "shared/sweep", 50]
