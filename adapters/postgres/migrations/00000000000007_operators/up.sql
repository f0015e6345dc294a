-- Who administers tenants. Tenants are ids as text; none at all means every tenant.
CREATE TABLE {{shared}}.tenantry_operators (
    actor text COLLATE "C" CONSTRAINT tenantry_operators_pkey PRIMARY KEY
        CONSTRAINT tenantry_operators_actor_length CHECK (char_length(actor) BETWEEN 1 AND 200),
    rights text[] NOT NULL,
    tenants text[]
);

-- Tokens are SHA-256s of the secrets that were given away, in hexadecimal digits: of links and sessions alike.
CREATE TABLE {{shared}}.tenantry_sign_in_links (
    token text COLLATE "C" CONSTRAINT tenantry_sign_in_links_pkey PRIMARY KEY
        CONSTRAINT tenantry_sign_in_links_token_digest CHECK (token ~ '^[0-9a-f]{64}$'),
    actor text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_sign_in_links_account REFERENCES {{shared}}.tenantry_operators ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);

CREATE INDEX tenantry_sign_in_links_of_actor ON {{shared}}.tenantry_sign_in_links (actor);

-- A session is either of an account, or of whom an identity provider vouched for.
CREATE TABLE {{shared}}.tenantry_operator_sessions (
    token text COLLATE "C" CONSTRAINT tenantry_operator_sessions_pkey PRIMARY KEY
        CONSTRAINT tenantry_operator_sessions_token_digest CHECK (token ~ '^[0-9a-f]{64}$'),
    actor text COLLATE "C" NOT NULL,
    account text COLLATE "C"
        CONSTRAINT tenantry_operator_sessions_account REFERENCES {{shared}}.tenantry_operators ON DELETE CASCADE
        CONSTRAINT tenantry_operator_sessions_one_name CHECK (account = actor),
    identity text CONSTRAINT tenantry_operator_sessions_identity_length CHECK (octet_length(identity) <= 8192),
    begun_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT tenantry_operator_sessions_one_owner CHECK ((account IS NULL) <> (identity IS NULL))
);

CREATE INDEX tenantry_operator_sessions_of_actor ON {{shared}}.tenantry_operator_sessions (actor);
CREATE INDEX tenantry_operator_sessions_of_account ON {{shared}}.tenantry_operator_sessions (account);
