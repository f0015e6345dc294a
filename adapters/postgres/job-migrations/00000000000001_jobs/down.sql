DROP FUNCTION {{shared}}.tenantry_job_reserve(text[], bigint, integer, timestamptz);
DROP FUNCTION {{shared}}.tenantry_job_tidy(timestamptz);
DROP TABLE {{shared}}.tenantry_jobs, {{shared}}.tenantry_job_arrivals, {{shared}}.tenantry_job_lanes;
