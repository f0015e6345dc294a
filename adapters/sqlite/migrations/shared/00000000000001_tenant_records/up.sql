-- Times are in microseconds since 1970, so that what is read equals what was written.
CREATE TABLE public.tenantry_tenants (
    id TEXT PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE CONSTRAINT tenantry_tenants_slug_form CHECK (
        length(slug) BETWEEN 2 AND 56 AND slug NOT GLOB '*[^a-z0-9-]*'
        AND slug NOT GLOB '-*' AND slug NOT GLOB '*-' AND slug NOT GLOB 'xn--*'
        -- What reads as an id is none.
        AND NOT (length(slug) = 32 AND slug NOT GLOB '*[^0-9a-f]*')
        AND NOT (length(slug) = 36 AND slug GLOB '????????-????-????-????-????????????'
            AND length(replace(slug, '-', '')) = 32 AND slug NOT GLOB '*[^0-9a-f-]*')
    ),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    provisioned_at INTEGER,
    settings TEXT NOT NULL
) STRICT;

CREATE INDEX public.tenantry_tenants_by_status ON tenantry_tenants (status, id);
