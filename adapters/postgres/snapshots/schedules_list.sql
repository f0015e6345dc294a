SELECT key, definition, paused, next_due, last_due, fan_out_due, fan_out_after, revision
FROM "public".tenantry_job_schedules
WHERE true
AND target = $1
AND key > $2 ORDER BY key LIMIT $3 -- binds: ["shared", "shared/sweep", 50]
