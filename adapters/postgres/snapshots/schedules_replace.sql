UPDATE "public".tenantry_job_schedules SET definition = $1, paused = false, next_due = $2, last_due = $3, fan_out_due = $4, fan_out_after = $5::uuid, revision = DEFAULT
WHERE key = $6
RETURNING 1::int8 AS changed -- binds: ["{}", Some(2023-11-14T23:00:00Z), None, Some(2023-11-14T22:13:20Z), Some("018bcfe5-6800-7101-8101-010101010101"), "shared/sweep"]
