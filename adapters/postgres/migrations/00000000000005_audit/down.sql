DROP FUNCTION {{shared}}.tenantry_audit_append(uuid, timestamptz, bigint, text, text, text, text);
DROP TABLE {{shared}}.tenantry_audit;
DROP FUNCTION {{shared}}.tenantry_audit_refuse();
