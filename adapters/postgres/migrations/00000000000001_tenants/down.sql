DROP TABLE {{shared}}.tenantry_tenants;
