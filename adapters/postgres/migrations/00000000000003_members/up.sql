-- How often a tenant's members and invitations were changed. A change is made on the condition that it still is what the
-- change was decided on, so the row's lock puts all changes of one tenant in order.
CREATE TABLE {{shared}}.tenantry_rosters (
    tenant_id uuid CONSTRAINT tenantry_rosters_pkey PRIMARY KEY,
    version bigint NOT NULL CONSTRAINT tenantry_rosters_version_positive CHECK (version >= 1)
);

CREATE TABLE {{shared}}.tenantry_members (
    tenant_id uuid NOT NULL,
    subject text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_members_subject_length CHECK (char_length(subject) BETWEEN 1 AND 200),
    role text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_members_role_known CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    since timestamptz NOT NULL,
    CONSTRAINT tenantry_members_pkey PRIMARY KEY (tenant_id, subject)
);

CREATE INDEX tenantry_members_of_subject ON {{shared}}.tenantry_members (subject, tenant_id);
CREATE INDEX tenantry_members_owners ON {{shared}}.tenantry_members (tenant_id) WHERE role = 'owner';

-- The token is the SHA-256 of the secret that was given away, in hexadecimal digits.
CREATE TABLE {{shared}}.tenantry_invitations (
    id uuid CONSTRAINT tenantry_invitations_pkey PRIMARY KEY,
    tenant_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_invitations_role_known CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    invitee text COLLATE "C",
    invited_by text COLLATE "C",
    token text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_invitations_token_key UNIQUE
        CONSTRAINT tenantry_invitations_token_digest CHECK (token ~ '^[0-9a-f]{64}$'),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX tenantry_invitations_of_tenant ON {{shared}}.tenantry_invitations (tenant_id, id);

-- It has its owner's rights, so whoever purges a tenant needs none here.
CREATE FUNCTION {{shared}}.tenantry_forget_members() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $forget$
BEGIN
    DELETE FROM {{shared}}.tenantry_rosters WHERE tenant_id = OLD.id;
    DELETE FROM {{shared}}.tenantry_members WHERE tenant_id = OLD.id;
    DELETE FROM {{shared}}.tenantry_invitations WHERE tenant_id = OLD.id;
    RETURN NULL;
END
$forget$;

CREATE TRIGGER tenantry_tenants_members_forgotten
    AFTER DELETE ON {{shared}}.tenantry_tenants
    FOR EACH ROW EXECUTE FUNCTION {{shared}}.tenantry_forget_members();
