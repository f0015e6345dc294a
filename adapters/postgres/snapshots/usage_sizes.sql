SELECT w.place, c.relname::pg_catalog.text COLLATE "C" AS table_name, coalesce(c.reltuples, -1)::pg_catalog.float8 AS estimate, coalesce(pg_catalog.pg_table_size(c.oid), 0) AS bytes, coalesce(pg_catalog.pg_indexes_size(c.oid), 0) AS index_bytes
FROM ROWS
FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS w(schema_name, mark, place) JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema_name JOIN pg_catalog.pg_description AS d ON d.objoid = n.oid
AND d.classoid = 2615
AND d.objsubid = 0
AND d.description = w.mark LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
AND c.relkind IN ('r', 'm') ORDER BY w.place, table_name -- binds: [["tenant_acme"], ["tenantry:tenant=00000000-0000-7101-8101-010101010101"]]
