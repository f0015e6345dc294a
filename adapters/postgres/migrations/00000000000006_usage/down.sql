DROP TRIGGER tenantry_tenants_usage_forgotten ON {{shared}}.tenantry_tenants;
DROP FUNCTION {{shared}}.tenantry_forget_usage();
DROP TABLE {{shared}}.tenantry_usage;
