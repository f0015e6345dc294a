DROP TRIGGER tenantry_tenants_domains_forgotten ON {{shared}}.tenantry_tenants;
DROP FUNCTION {{shared}}.tenantry_forget_domains();
DROP TABLE {{shared}}.tenantry_domains;
