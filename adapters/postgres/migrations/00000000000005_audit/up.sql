-- A chain is a tenant's id, or the nil UUID for what concerns no tenant. The hashes are those of the core's encoding.
CREATE TABLE {{shared}}.tenantry_audit (
    chain uuid NOT NULL,
    number bigint NOT NULL CONSTRAINT tenantry_audit_number_positive CHECK (number >= 1),
    at timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    detail text COLLATE "C" NOT NULL,
    previous text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_audit_previous_digest CHECK (previous ~ '^[0-9a-f]{64}$'),
    hash text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_audit_hash_digest CHECK (hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT tenantry_audit_pkey PRIMARY KEY (chain, number)
);

COMMENT ON TABLE {{shared}}.tenantry_audit IS
    'Who did what. Append-only: each row holds the hash of the one before, so a change is found by `audit verify`.';

CREATE FUNCTION {{shared}}.tenantry_audit_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $refuse$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$refuse$;

CREATE TRIGGER tenantry_audit_rows_stay
    BEFORE UPDATE OR DELETE ON {{shared}}.tenantry_audit
    FOR EACH ROW EXECUTE FUNCTION {{shared}}.tenantry_audit_refuse();
CREATE TRIGGER tenantry_audit_stays
    BEFORE TRUNCATE ON {{shared}}.tenantry_audit
    FOR EACH STATEMENT EXECUTE FUNCTION {{shared}}.tenantry_audit_refuse();

-- Appends under a lock of the chain, which lasts until the transaction ends. Its statements each see what was committed
-- before they began; in a transaction that sees only what was there at its beginning, the key refuses a second number.
CREATE FUNCTION {{shared}}.tenantry_audit_append(
    of_chain uuid, happened timestamptz, micros bigint, who text, what text, target_of text, more text
) RETURNS SETOF {{shared}}.tenantry_audit
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $append$
DECLARE
    next_number bigint;
    before text;
    content bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('tenantry audit ' || of_chain::text, 0));
    SELECT a.number + 1, a.hash INTO next_number, before
        FROM {{shared}}.tenantry_audit AS a WHERE a.chain = of_chain ORDER BY a.number DESC LIMIT 1;
    IF next_number IS NULL THEN
        next_number := 1;
        before := repeat('0', 64);
    END IF;
    content := convert_to(E'tenantry-audit-1\n', 'UTF8')
        || uuid_send(of_chain) || int8send(next_number) || int8send(micros)
        || int8send(octet_length(convert_to(who, 'UTF8'))) || convert_to(who, 'UTF8')
        || int8send(octet_length(convert_to(what, 'UTF8'))) || convert_to(what, 'UTF8')
        || int8send(octet_length(convert_to(target_of, 'UTF8'))) || convert_to(target_of, 'UTF8')
        || int8send(octet_length(convert_to(more, 'UTF8'))) || convert_to(more, 'UTF8')
        || decode(before, 'hex');
    RETURN QUERY INSERT INTO {{shared}}.tenantry_audit
        (chain, number, at, actor, action, target, detail, previous, hash)
        VALUES (of_chain, next_number, happened, who, what, target_of, more, before,
            encode(sha256(content), 'hex'))
        RETURNING *;
END
$append$;
