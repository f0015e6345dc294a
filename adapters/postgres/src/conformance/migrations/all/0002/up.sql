DROP VIEW item_sum;
ALTER TABLE items ALTER COLUMN value TYPE bigint;
CREATE VIEW item_sum AS SELECT coalesce(sum(value), 0)::bigint AS total FROM items;
