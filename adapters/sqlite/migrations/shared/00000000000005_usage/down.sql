DROP TRIGGER public.tenantry_tenants_usage_forgotten;
DROP TABLE public.tenantry_usage;
