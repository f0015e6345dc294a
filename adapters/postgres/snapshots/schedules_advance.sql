UPDATE "public".tenantry_job_schedules SET next_due = $1, last_due = $2, fan_out_due = $3, fan_out_after = $4::uuid, revision = DEFAULT
WHERE key = $5
AND revision = $6
RETURNING 1::int8 AS changed -- binds: [None, None, None, None, "shared/sweep", 0]
