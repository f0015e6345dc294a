DROP TABLE tenantry_jobs;
DROP TABLE tenantry_job_lanes;
