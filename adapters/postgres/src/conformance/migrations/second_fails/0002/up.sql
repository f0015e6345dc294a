CREATE TABLE half_made (value integer);
INSERT INTO no_such_table VALUES (1);
