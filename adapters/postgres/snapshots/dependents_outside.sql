WITH RECURSIVE doomed (classid, objid, outside) AS (SELECT 'pg_namespace'::regclass::oid, n.oid, false
FROM pg_namespace AS n
WHERE n.nspname = $1
UNION
SELECT reached.classid, reached.objid, NOT reached.part
AND coalesce(reached.classid = 'pg_extension'::regclass
OR coalesce(i.schema, CASE WHEN i.type IN ('rule', 'trigger', 'policy', 'default value', 'table constraint') THEN a.object_names[1] END) NOT IN ($1, 'pg_toast'), false)
FROM doomed
CROSS JOIN LATERAL (SELECT d.classid, d.objid, d.deptype = 'i' AS part
FROM pg_depend AS d
WHERE d.refclassid = doomed.classid
AND d.refobjid = doomed.objid
UNION
SELECT d.refclassid, d.refobjid, false
FROM pg_depend AS d
WHERE d.classid = doomed.classid
AND d.objid = doomed.objid
AND d.deptype = 'i') AS reached
CROSS JOIN LATERAL pg_identify_object(reached.classid, reached.objid, 0) AS i
CROSS JOIN LATERAL pg_identify_object_as_address(reached.classid, reached.objid, 0) AS a
WHERE NOT doomed.outside)
SELECT DISTINCT i.type || ' ' || i.identity AS name
FROM doomed
CROSS JOIN LATERAL pg_identify_object(doomed.classid, doomed.objid, 0) AS i
WHERE doomed.outside ORDER BY 1
