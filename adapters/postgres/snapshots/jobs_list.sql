SELECT id, lane, actor, kind, payload, priority, attempts, max_attempts, trace_parent, trace_state, run_at, unique_key, state, token, lease_until, enqueued_at, ended_at, output, error, death
FROM "public".tenantry_jobs
WHERE true
AND lane = $1
AND id > $2
AND state = ANY ($3) ORDER BY id LIMIT $4 -- binds: [018bcfe5-6800-7101-8101-010101010101, 018bcfe5-6800-7707-8707-070707070707, ["dead"], 50]
