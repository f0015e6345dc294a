DROP TABLE {{shared}}.tenantry_operator_sessions, {{shared}}.tenantry_sign_in_links, {{shared}}.tenantry_operators;
