SELECT ARRAY[pg_catalog.left(t."id"::pg_catalog.text, 1001), pg_catalog.left(t."customer"::pg_catalog.text, 1001), pg_catalog.left(t."total"::pg_catalog.text, 1001), pg_catalog.encode(pg_catalog.substring(t."photo", 1, 1000), 'hex')]::pg_catalog.text[] AS cells, ARRAY[coalesce(pg_catalog.octet_length(t."id"::pg_catalog.text), 0), coalesce(pg_catalog.octet_length(t."customer"::pg_catalog.text), 0), coalesce(pg_catalog.octet_length(t."total"::pg_catalog.text), 0), coalesce(pg_catalog.octet_length(t."photo"), 0)]::pg_catalog.int8[] AS lengths, ARRAY[(t."id")::pg_catalog.text]::pg_catalog.text[] AS of_key, ARRAY[(pg_catalog.left(t."customer"::pg_catalog.text, 256))::pg_catalog.text, (t."id")::pg_catalog.text]::pg_catalog.text[] AS place
FROM "tenant_acme"."orders" AS t
WHERE true
AND pg_catalog.strpos(pg_catalog.lower(t."customer"::pg_catalog.text COLLATE "C"), $1) > 0
AND t."total" >= CAST($2 AS pg_catalog.numeric)
AND (((pg_catalog.left(t."customer"::pg_catalog.text, 256) < CAST($3 AS pg_catalog.text)
OR (pg_catalog.left(t."customer"::pg_catalog.text, 256)) IS NULL))
OR (pg_catalog.left(t."customer"::pg_catalog.text, 256) = CAST($4 AS pg_catalog.text)
AND (t."id" > CAST($5 AS pg_catalog.int8)))) ORDER BY pg_catalog.left(t."customer"::pg_catalog.text, 256) DESC NULLS LAST, t."id" ASC LIMIT $6 -- binds: ["it's", "10.5", "smith", "smith", "1", 2]
