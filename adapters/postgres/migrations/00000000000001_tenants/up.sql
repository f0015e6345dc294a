-- {{shared}} stands for the shared schema's name, in quotes. Nothing here depends on the path.
CREATE TABLE {{shared}}.tenantry_tenants (
    id uuid CONSTRAINT tenantry_tenants_pkey PRIMARY KEY,
    slug text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_tenants_slug_key UNIQUE
        CONSTRAINT tenantry_tenants_slug_form
            CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,54}[a-z0-9]$' AND slug !~ '^xn--'
                AND slug !~ '^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$'),
    name text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_tenants_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    status text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_tenants_status_known
            CHECK (status IN ('pending', 'active', 'suspended', 'deleted')),
    version bigint NOT NULL
        CONSTRAINT tenantry_tenants_version_positive CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    provisioned_at timestamptz,
    settings jsonb NOT NULL
        CONSTRAINT tenantry_tenants_settings_object CHECK (jsonb_typeof(settings) = 'object'),
    CONSTRAINT tenantry_tenants_pending_unprovisioned
        CHECK (status <> 'pending' OR provisioned_at IS NULL),
    CONSTRAINT tenantry_tenants_in_use_provisioned
        CHECK (status NOT IN ('active', 'suspended') OR provisioned_at IS NOT NULL)
);

COMMENT ON TABLE {{shared}}.tenantry_tenants IS
    'The tenants of this database. Written by Tenantry alone: change it by the command or the library.';
