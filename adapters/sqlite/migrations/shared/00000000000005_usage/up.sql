-- How much a tenant had at a time, in microseconds since 1970: all tables together, and each of them as JSON. A number of rows
-- that isn't known is null.
CREATE TABLE public.tenantry_usage (
    tenant_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    row_count INTEGER,
    rows_exact INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    index_bytes INTEGER NOT NULL,
    tables TEXT NOT NULL,
    PRIMARY KEY (tenant_id, at)
) STRICT;

-- Old ones are looked for by their time alone.
CREATE INDEX public.tenantry_usage_at ON tenantry_usage (at);

CREATE TRIGGER public.tenantry_tenants_usage_forgotten AFTER DELETE ON tenantry_tenants BEGIN
    DELETE FROM tenantry_usage WHERE tenant_id = OLD.id;
END;
