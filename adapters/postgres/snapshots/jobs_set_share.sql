INSERT INTO "public".tenantry_job_lanes (lane, weight, at_once) VALUES ($1, 1, 2) ON CONFLICT (lane) DO UPDATE SET weight = excluded.weight, at_once = excluded.at_once
RETURNING 1::int8 AS changed -- binds: [00000000-0000-0000-0000-000000000000]
