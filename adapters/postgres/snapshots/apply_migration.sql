PERFORM pg_catalog.set_config('lock_timeout', '5000', true); EXECUTE $tenantry0$
CREATE TABLE notes (id bigint);
$tenantry0$; IF pg_catalog.current_setting('search_path') <> E'"tenant_acme", pg_temp' THEN RAISE EXCEPTION USING MESSAGE = pg_catalog.current_setting('search_path'), CONSTRAINT = 'tenantry:path-changed'; END IF; IF CURRENT_USER <> who THEN RAISE EXCEPTION USING MESSAGE = CURRENT_USER::pg_catalog.text, CONSTRAINT = 'tenantry:role-changed'; END IF; SET CONSTRAINTS ALL IMMEDIATE;
SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', 'tenant_acme', c.conname), ', ') INTO deferred
FROM (SELECT conname
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_constraint ON conrelid = d.objid
WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
AND d.refobjid = '"tenant_acme"'::pg_catalog.regnamespace
AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass GROUP BY conname HAVING pg_catalog.bool_and(condeferrable)
AND pg_catalog.bool_or(condeferred)) AS c; IF deferred IS NOT NULL THEN EXECUTE 'SET CONSTRAINTS ' || deferred || ' DEFERRED'; END IF; INSERT INTO "tenant_acme"."__diesel_schema_migrations" (version) VALUES (E'1');
