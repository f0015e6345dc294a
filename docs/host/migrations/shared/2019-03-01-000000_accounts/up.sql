-- What the shop has had for years.
CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handle text NOT NULL CONSTRAINT accounts_handle_key UNIQUE,
    display_name text NOT NULL,
    plan text NOT NULL DEFAULT 'free',
    billing_email text,
    frozen_at timestamptz,
    closed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
