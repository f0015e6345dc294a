INSERT INTO "public".tenantry_job_schedules (key, target, definition, paused, next_due, last_due, fan_out_due, fan_out_after) VALUES ($1, $2, $3, false, $4, $5, $6, $7::uuid) ON CONFLICT (key) DO NOTHING
RETURNING 1::int8 AS changed -- binds: ["shared/sweep", "shared", "{}", Some(2023-11-14T23:00:00Z), None, Some(2023-11-14T22:13:20Z), Some("018bcfe5-6800-7101-8101-010101010101")]
