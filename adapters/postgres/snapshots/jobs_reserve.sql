SELECT id, lane, actor, kind, payload, priority, attempts, max_attempts, trace_parent, trace_state, run_at, unique_key, state, token, lease_until, enqueued_at, ended_at, output, error, death
FROM "public".tenantry_job_reserve($1, $2, 2, $3) -- binds: [["report"], 60000000, None]
