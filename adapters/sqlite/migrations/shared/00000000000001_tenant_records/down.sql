DROP TABLE public.tenantry_tenants;
