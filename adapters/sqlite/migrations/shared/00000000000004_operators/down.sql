DROP TABLE public.tenantry_operator_sessions;
DROP TABLE public.tenantry_sign_in_links;
DROP TABLE public.tenantry_operators;
