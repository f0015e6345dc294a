CREATE TABLE marks (mark text NOT NULL);
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
CREATE TABLE runs (job uuid NOT NULL, note text NOT NULL);
