-- Which tenants changed, in the order of the commits: one process at a time writes. The last 10,000 changes are kept.
CREATE TABLE public.tenantry_tenant_changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL
) STRICT;

CREATE TRIGGER public.tenantry_tenants_inserted AFTER INSERT ON tenantry_tenants BEGIN
    INSERT INTO tenantry_tenant_changes (tenant_id) VALUES (NEW.id);
END;

CREATE TRIGGER public.tenantry_tenants_updated AFTER UPDATE ON tenantry_tenants BEGIN
    INSERT INTO tenantry_tenant_changes (tenant_id) VALUES (NEW.id);
    INSERT INTO tenantry_tenant_changes (tenant_id) SELECT OLD.id WHERE OLD.id <> NEW.id;
END;

CREATE TRIGGER public.tenantry_tenants_deleted AFTER DELETE ON tenantry_tenants BEGIN
    INSERT INTO tenantry_tenant_changes (tenant_id) VALUES (OLD.id);
END;

CREATE TRIGGER public.tenantry_tenant_changes_forgotten AFTER INSERT ON tenantry_tenant_changes BEGIN
    DELETE FROM tenantry_tenant_changes WHERE number <= NEW.number - 10000;
END;
