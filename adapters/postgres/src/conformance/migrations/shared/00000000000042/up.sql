CREATE TABLE notices (value bigint NOT NULL);
INSERT INTO notices VALUES (777777);
