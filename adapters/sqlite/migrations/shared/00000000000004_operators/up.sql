-- Who administers tenants. Rights, and ids of tenants, are parted by commas; no ids at all means every tenant.
CREATE TABLE public.tenantry_operators (
    actor TEXT PRIMARY KEY NOT NULL,
    rights TEXT NOT NULL,
    tenants TEXT
) STRICT;

-- Tokens are SHA-256s of the secrets that were given away, in hexadecimal digits: of links and sessions alike.
CREATE TABLE public.tenantry_sign_in_links (
    token TEXT PRIMARY KEY NOT NULL,
    actor TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- A session is of an account, or, with an identity, of whom an identity provider vouched for.
CREATE TABLE public.tenantry_operator_sessions (
    token TEXT PRIMARY KEY NOT NULL,
    actor TEXT NOT NULL,
    identity TEXT,
    begun_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

CREATE INDEX public.tenantry_sign_in_links_of_actor ON tenantry_sign_in_links (actor);
CREATE INDEX public.tenantry_operator_sessions_of_actor ON tenantry_operator_sessions (actor);

CREATE TRIGGER public.tenantry_operators_removed AFTER DELETE ON tenantry_operators BEGIN
    DELETE FROM tenantry_sign_in_links WHERE actor = OLD.actor;
    DELETE FROM tenantry_operator_sessions WHERE actor = OLD.actor;
END;
