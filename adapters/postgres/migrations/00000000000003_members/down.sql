DROP TRIGGER tenantry_tenants_members_forgotten ON {{shared}}.tenantry_tenants;
DROP FUNCTION {{shared}}.tenantry_forget_members();
DROP TABLE {{shared}}.tenantry_invitations, {{shared}}.tenantry_members, {{shared}}.tenantry_rosters;
