-- Times are in microseconds since 1970, so that what is read equals what was written.
CREATE TABLE public.tenantry_tenants (
    id TEXT PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    provisioned_at INTEGER,
    settings TEXT NOT NULL
) STRICT;

CREATE INDEX public.tenantry_tenants_by_status ON tenantry_tenants (status, id);
