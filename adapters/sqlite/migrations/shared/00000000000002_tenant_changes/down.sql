DROP TRIGGER public.tenantry_tenants_inserted;
DROP TRIGGER public.tenantry_tenants_updated;
DROP TRIGGER public.tenantry_tenants_deleted;
DROP TABLE public.tenantry_tenant_changes;
