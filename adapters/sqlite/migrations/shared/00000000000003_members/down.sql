DROP TABLE public.tenantry_audit;
DROP TRIGGER public.tenantry_tenants_forgotten;
DROP TABLE public.tenantry_domains;
DROP TABLE public.tenantry_invitations;
DROP TABLE public.tenantry_members;
DROP TABLE public.tenantry_rosters;
