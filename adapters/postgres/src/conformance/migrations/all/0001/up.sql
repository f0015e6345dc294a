CREATE TABLE items (value integer NOT NULL);
CREATE SEQUENCE item_numbers;
CREATE VIEW item_sum AS SELECT coalesce(sum(value), 0)::bigint AS total FROM items;
CREATE FUNCTION sum_of_items() RETURNS bigint LANGUAGE sql AS
    'SELECT coalesce(sum(value), 0)::bigint FROM items';
CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE states (state state NOT NULL);
