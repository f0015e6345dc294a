-- Which tenants changed, each told by the transaction that changed it. A reader that knows its last snapshot finds what was
-- committed since, whatever the order of the commits: NOTIFY only makes it look sooner. The nil UUID stands for all tenants.
CREATE TABLE {{shared}}.tenantry_tenant_changes (
    transaction xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    tenant_id uuid NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);

CREATE INDEX tenantry_tenant_changes_transaction ON {{shared}}.tenantry_tenant_changes (transaction);
CREATE INDEX tenantry_tenant_changes_noted_at ON {{shared}}.tenantry_tenant_changes (noted_at);

COMMENT ON TABLE {{shared}}.tenantry_tenant_changes IS
    'Which tenants changed within the last day, for processes that remember tenants. Whoever reads it needs SELECT.';

-- Its argument is the column with the tenant's id; a row without one concerns no tenant. It has its owner's rights, so whoever changes a tenant needs none here.
-- Rows of more than a day ago are forgotten on the way, by one transaction each.
CREATE FUNCTION {{shared}}.tenantry_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $note$
DECLARE
    everybody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    changed uuid;
BEGIN
    DELETE FROM {{shared}}.tenantry_tenant_changes WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {{shared}}.tenantry_tenant_changes
        WHERE noted_at < clock_timestamp() - interval '1 day'
        ORDER BY noted_at LIMIT 100 FOR UPDATE SKIP LOCKED));
    FOR changed IN SELECT DISTINCT id FROM unnest(CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[(to_jsonb(NEW) ->> TG_ARGV[0])::uuid]
        WHEN 'UPDATE' THEN ARRAY[(to_jsonb(NEW) ->> TG_ARGV[0])::uuid, (to_jsonb(OLD) ->> TG_ARGV[0])::uuid]
        WHEN 'DELETE' THEN ARRAY[(to_jsonb(OLD) ->> TG_ARGV[0])::uuid]
        ELSE ARRAY[everybody] END) AS noted (id) WHERE id IS NOT NULL
    LOOP
        INSERT INTO {{shared}}.tenantry_tenant_changes (tenant_id) VALUES (changed);
        PERFORM pg_notify('tenantry_tenant_changes', changed::text);
    END LOOP;
    RETURN NULL;
END
$note$;

CREATE TRIGGER tenantry_tenants_noted
    AFTER INSERT OR UPDATE OR DELETE ON {{shared}}.tenantry_tenants
    FOR EACH ROW EXECUTE FUNCTION {{shared}}.tenantry_note_change('id');
CREATE TRIGGER tenantry_tenants_emptied
    AFTER TRUNCATE ON {{shared}}.tenantry_tenants
    FOR EACH STATEMENT EXECUTE FUNCTION {{shared}}.tenantry_note_change('id');
