DROP TABLE {{shared}}.tenantry_job_schedules;
