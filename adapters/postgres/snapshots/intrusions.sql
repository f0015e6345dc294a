WITH written AS (SELECT d.classid, d.objid, 0 AS part, d.xmin AS by
FROM pg_depend AS d
WHERE d.refclassid = 'pg_namespace'::regclass
AND CASE WHEN age(d.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(d.xmin))::text::xid8) = 'in progress' ELSE false END
AND d.refobjid NOT IN (SELECT oid
FROM pg_namespace
WHERE nspname = $1)
AND d.refobjid <> pg_my_temp_schema()
UNION ALL
SELECT 'pg_namespace'::regclass, n.oid, 0, n.xmin
FROM pg_namespace AS n
WHERE n.nspname <> $1
AND n.nspname !~ '^pg_'
AND CASE WHEN age(n.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(n.xmin))::text::xid8) = 'in progress' ELSE false END
UNION ALL
SELECT 'pg_extension'::regclass, e.oid, 0, e.xmin
FROM pg_extension AS e
WHERE CASE WHEN age(e.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(e.xmin))::text::xid8) = 'in progress' ELSE false END
UNION ALL
SELECT 'pg_class'::regclass, a.attrelid, a.attnum::int4, a.xmin
FROM pg_attribute AS a
WHERE a.attrelid = ANY ($5::oid[])
AND a.attnum > 0
AND CASE WHEN age(a.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(a.xmin))::text::xid8) = 'in progress' ELSE false END
UNION ALL
SELECT d.classid, d.objid, 0, d.xmin
FROM pg_depend AS d
WHERE d.refclassid = 'pg_class'::regclass
AND d.refobjid = ANY ($5::oid[])
AND d.deptype IN ('a', 'i')
AND CASE WHEN age(d.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(d.xmin))::text::xid8) = 'in progress' ELSE false END)
SELECT DISTINCT i.type || ' ' || coalesce(i.identity, '') AS what, w.classid = 'pg_extension'::regclass AS extension, (SELECT applied.version::text
FROM "tenant_acme"."__diesel_schema_migrations" AS applied
WHERE CASE WHEN age(applied.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(applied.xmin))::text::xid8) = 'in progress' ELSE false END
AND age(applied.xmin) >= age(w.by) ORDER BY age(applied.xmin) LIMIT 1) AS version
FROM written AS w
CROSS JOIN LATERAL pg_identify_object(w.classid, w.objid, w.part) AS i
UNION ALL
SELECT gone.identity || ' (dropped)', false, NULL
FROM unnest($2, $3, $4) AS gone(class, number, identity)
WHERE NOT EXISTS (SELECT
FROM pg_depend AS d
WHERE d.classid = gone.class::oid
AND d.objid = gone.number::oid)
AND EXISTS (SELECT
FROM pg_locks AS l
WHERE l.pid = pg_backend_pid()
AND l.mode = 'AccessExclusiveLock'
AND (l.relation = gone.number::oid
OR (l.classid = gone.class::oid
AND l.objid = gone.number::oid)))
UNION ALL
SELECT was.identity || ' (changed)', false, NULL
FROM unnest($2, $3, $4, $6) AS was(class, number, identity, shape)
WHERE CASE was.class::oid WHEN 'pg_class'::regclass THEN (SELECT CASE WHEN age(r.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(r.xmin))::text::xid8) = 'in progress' ELSE false END
FROM pg_class AS r
WHERE r.oid = was.number::oid) WHEN 'pg_proc'::regclass THEN (SELECT CASE WHEN age(f.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(f.xmin))::text::xid8) = 'in progress' ELSE false END
FROM pg_proc AS f
WHERE f.oid = was.number::oid) WHEN 'pg_type'::regclass THEN (SELECT CASE WHEN age(t.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(t.xmin))::text::xid8) = 'in progress' ELSE false END
FROM pg_type AS t
WHERE t.oid = was.number::oid) END
AND coalesce(CASE was.class::oid WHEN 'pg_class'::regclass THEN (SELECT concat_ws(' ', s.relname, s.relnamespace, s.relowner, s.relacl, s.reloptions, s.relrowsecurity, s.relforcerowsecurity)
FROM pg_class AS s
WHERE s.oid = was.number::oid) WHEN 'pg_proc'::regclass THEN (SELECT concat_ws(' ', s.proname, s.pronamespace, s.proowner, s.proacl, s.proconfig, s.prosecdef, md5(s.prosrc))
FROM pg_proc AS s
WHERE s.oid = was.number::oid) WHEN 'pg_type'::regclass THEN (SELECT concat_ws(' ', s.typname, s.typnamespace, s.typowner, s.typacl)
FROM pg_type AS s
WHERE s.oid = was.number::oid) END, '') <> was.shape
UNION ALL
SELECT was.identity || ' (changed)', false, NULL
FROM unnest($2, $3, $4) AS was(class, number, identity)
WHERE was.class::oid = 'pg_type'::regclass
AND EXISTS (SELECT
FROM pg_enum AS v
WHERE v.enumtypid = was.number::oid
AND CASE WHEN age(v.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::int8 - age(v.xmin))::text::xid8) = 'in progress' ELSE false END) ORDER BY 1
