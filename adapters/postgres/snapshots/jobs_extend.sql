UPDATE "public".tenantry_jobs SET lease_until = coalesce($1, clock_timestamp()) + $2 * interval '1 microsecond'
WHERE id = $3
AND token = $4
AND state = 'running'
RETURNING lease_until AS until -- binds: [None, 60000000, 018bcfe5-6800-7707-8707-070707070707, 3]
