DROP TRIGGER tenantry_tenants_noted ON {{shared}}.tenantry_tenants;
DROP TRIGGER tenantry_tenants_emptied ON {{shared}}.tenantry_tenants;
DROP FUNCTION {{shared}}.tenantry_note_change();
DROP TABLE {{shared}}.tenantry_tenant_changes;
