-- A UUID of version 7: the time in milliseconds, then chance.
CREATE FUNCTION tenant_id_made_at(made_at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE RETURN
    encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send(
            greatest(0, floor(extract(epoch FROM made_at) * 1000))::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;

-- ANCHOR: columns
ALTER TABLE accounts
    ADD COLUMN tenant_id uuid,
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    ADD COLUMN provisioned_at timestamptz,
    ADD COLUMN settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    -- The shop's own columns say what an account is. A schema that isn't ready comes before a freeze.
    ADD COLUMN tenant_status text NOT NULL GENERATED ALWAYS AS (CASE
        WHEN closed_at IS NOT NULL THEN 'deleted'
        WHEN provisioned_at IS NULL THEN 'pending'
        WHEN frozen_at IS NOT NULL THEN 'suspended'
        ELSE 'active'
    END) STORED,
    ADD CONSTRAINT accounts_handle_is_a_slug
        CHECK (handle ~ '^[a-z0-9][a-z0-9-]{0,54}[a-z0-9]$' AND handle !~ '^xn--'
            AND handle !~ '^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$');

-- The accounts that are there become tenants, in the order of their creation.
UPDATE accounts SET tenant_id = tenant_id_made_at(created_at);

-- What inserts accounts and knows nothing of tenants goes on working: it makes pending ones.
ALTER TABLE accounts
    ALTER COLUMN tenant_id SET DEFAULT tenant_id_made_at(now()),
    ALTER COLUMN tenant_id SET NOT NULL,
    ADD CONSTRAINT accounts_tenant_id_key UNIQUE (tenant_id);
-- ANCHOR_END: columns

-- ANCHOR: trigger
-- Code that updates accounts and knows nothing of versions counts as an update, too.
CREATE FUNCTION account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.tenant_id, NEW.handle, NEW.created_at)
        IS DISTINCT FROM (OLD.tenant_id, OLD.handle, OLD.created_at)
    THEN
        RAISE EXCEPTION 'account % keeps its tenant id, handle and creation time: '
            'its schema is called after the handle', OLD.handle;
    END IF;
    IF NEW.version = OLD.version THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER account_changed BEFORE UPDATE OF tenant_id, handle, display_name, frozen_at,
    closed_at, created_at, version, provisioned_at, settings
    ON accounts FOR EACH ROW EXECUTE FUNCTION account_changed();
-- ANCHOR_END: trigger
