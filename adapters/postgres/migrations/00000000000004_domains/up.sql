-- Any number of tenants may claim a domain; of all claims on it one can be proven. That index is the whole rule.
CREATE TABLE {{shared}}.tenantry_domains (
    tenant_id uuid NOT NULL,
    domain text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_domains_domain_form
            CHECK (domain ~ '^[a-z0-9-]+(\.[a-z0-9-]+)+$' AND char_length(domain) <= 253),
    challenge text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_domains_challenge_form CHECK (challenge ~ '^tenantry-domain=[0-9a-f]{64}$'),
    claimed_at timestamptz NOT NULL,
    proven_at timestamptz,
    checked_at timestamptz,
    CONSTRAINT tenantry_domains_pkey PRIMARY KEY (tenant_id, domain),
    CONSTRAINT tenantry_domains_proven_when_checked CHECK (proven_at IS NULL OR checked_at IS NOT NULL)
);

CREATE UNIQUE INDEX tenantry_domains_verified ON {{shared}}.tenantry_domains (domain) WHERE proven_at IS NOT NULL;
CREATE INDEX tenantry_domains_checked ON {{shared}}.tenantry_domains (checked_at) WHERE proven_at IS NOT NULL;

-- A tenant that is led to by other names has changed, for whoever remembers tenants.
CREATE TRIGGER tenantry_domains_inserted_noted
    AFTER INSERT ON {{shared}}.tenantry_domains
    FOR EACH ROW WHEN (NEW.proven_at IS NOT NULL)
    EXECUTE FUNCTION {{shared}}.tenantry_note_change('tenant_id');
CREATE TRIGGER tenantry_domains_updated_noted
    AFTER UPDATE ON {{shared}}.tenantry_domains
    FOR EACH ROW WHEN ((OLD.proven_at IS NULL) <> (NEW.proven_at IS NULL)
        OR OLD.domain <> NEW.domain OR OLD.tenant_id <> NEW.tenant_id)
    EXECUTE FUNCTION {{shared}}.tenantry_note_change('tenant_id');
CREATE TRIGGER tenantry_domains_deleted_noted
    AFTER DELETE ON {{shared}}.tenantry_domains
    FOR EACH ROW WHEN (OLD.proven_at IS NOT NULL)
    EXECUTE FUNCTION {{shared}}.tenantry_note_change('tenant_id');
CREATE TRIGGER tenantry_domains_emptied
    AFTER TRUNCATE ON {{shared}}.tenantry_domains
    FOR EACH STATEMENT EXECUTE FUNCTION {{shared}}.tenantry_note_change('tenant_id');

-- It has its owner's rights, so whoever purges a tenant needs none here.
CREATE FUNCTION {{shared}}.tenantry_forget_domains() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $forget$
BEGIN
    DELETE FROM {{shared}}.tenantry_domains WHERE tenant_id = OLD.id;
    RETURN NULL;
END
$forget$;

CREATE TRIGGER tenantry_tenants_domains_forgotten
    AFTER DELETE ON {{shared}}.tenantry_tenants
    FOR EACH ROW EXECUTE FUNCTION {{shared}}.tenantry_forget_domains();
