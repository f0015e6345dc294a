-- Times are in microseconds since 1970, so that what is read equals what was written.
CREATE TABLE public.tenantry_rosters (
    tenant_id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE public.tenantry_members (
    tenant_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    role TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, subject)
) STRICT;

CREATE INDEX public.tenantry_members_of_subject ON tenantry_members (subject, tenant_id);

-- The token is the SHA-256 of the secret that was given away, in hexadecimal digits.
CREATE TABLE public.tenantry_invitations (
    id TEXT PRIMARY KEY NOT NULL,
    tenant_id TEXT NOT NULL,
    role TEXT NOT NULL,
    invitee TEXT,
    invited_by TEXT,
    token TEXT NOT NULL UNIQUE,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX public.tenantry_invitations_of_tenant ON tenantry_invitations (tenant_id, id);

-- Any number of tenants may claim a domain; of all claims on it one can be proven.
CREATE TABLE public.tenantry_domains (
    tenant_id TEXT NOT NULL,
    domain TEXT NOT NULL,
    challenge TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    proven_at INTEGER,
    checked_at INTEGER,
    PRIMARY KEY (tenant_id, domain)
) STRICT;

CREATE UNIQUE INDEX public.tenantry_domains_verified ON tenantry_domains (domain) WHERE proven_at IS NOT NULL;

CREATE TRIGGER public.tenantry_domains_updated AFTER UPDATE ON tenantry_domains
WHEN (OLD.proven_at IS NULL) <> (NEW.proven_at IS NULL) BEGIN
    INSERT INTO tenantry_tenant_changes (tenant_id) VALUES (NEW.tenant_id);
END;

CREATE TRIGGER public.tenantry_domains_deleted AFTER DELETE ON tenantry_domains WHEN OLD.proven_at IS NOT NULL BEGIN
    INSERT INTO tenantry_tenant_changes (tenant_id) VALUES (OLD.tenant_id);
END;

CREATE TRIGGER public.tenantry_tenants_forgotten AFTER DELETE ON tenantry_tenants BEGIN
    DELETE FROM tenantry_rosters WHERE tenant_id = OLD.id;
    DELETE FROM tenantry_members WHERE tenant_id = OLD.id;
    DELETE FROM tenantry_invitations WHERE tenant_id = OLD.id;
    DELETE FROM tenantry_domains WHERE tenant_id = OLD.id;
END;

-- A chain is a tenant's id, or `shared`.
CREATE TABLE public.tenantry_audit (
    chain TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (chain, number)
) STRICT;

CREATE TRIGGER public.tenantry_audit_rows_stay BEFORE UPDATE ON tenantry_audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only: UPDATE is refused');
END;

CREATE TRIGGER public.tenantry_audit_stays BEFORE DELETE ON tenantry_audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only: DELETE is refused');
END;
