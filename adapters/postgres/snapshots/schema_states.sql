SELECT s.name, s.comment, s.has_ledger, s.readable, CASE WHEN s.readable THEN substring(query_to_xml(format('SELECT string_agg(version, E''\n'' ORDER BY version) AS v
FROM %I.%I', s.name, s.ledger), false, false, '')::text
FROM '<v>([^<]*)</v>') END AS versions
FROM (SELECT n.nspname::text AS name, obj_description(n.oid, 'pg_namespace') AS comment, c.relname AS ledger, c.oid IS NOT NULL AS has_ledger, coalesce(has_schema_privilege(n.oid, 'USAGE')
AND has_table_privilege(c.oid, 'SELECT'), false) AS readable
FROM pg_namespace AS n LEFT JOIN pg_class AS c ON c.relnamespace = n.oid
AND c.relname = $1
AND c.relkind = 'r'
