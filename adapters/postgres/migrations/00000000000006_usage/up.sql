-- How much a tenant had at a time: all tables together, for what compares tenants, and each of them. A number of rows that
-- isn't known is null.
CREATE TABLE {{shared}}.tenantry_usage (
    tenant_id uuid NOT NULL,
    at timestamptz NOT NULL,
    row_count bigint,
    rows_exact boolean NOT NULL,
    bytes bigint NOT NULL,
    index_bytes bigint NOT NULL,
    tables jsonb NOT NULL,
    CONSTRAINT tenantry_usage_pkey PRIMARY KEY (tenant_id, at)
);

-- Old ones are looked for by their time alone.
CREATE INDEX tenantry_usage_at ON {{shared}}.tenantry_usage (at);

-- It has its owner's rights, so whoever purges a tenant needs none here.
CREATE FUNCTION {{shared}}.tenantry_forget_usage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $forget$
BEGIN
    DELETE FROM {{shared}}.tenantry_usage WHERE tenant_id = OLD.id;
    RETURN NULL;
END
$forget$;

CREATE TRIGGER tenantry_tenants_usage_forgotten
    AFTER DELETE ON {{shared}}.tenantry_tenants
    FOR EACH ROW EXECUTE FUNCTION {{shared}}.tenantry_forget_usage();
