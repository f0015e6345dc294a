CREATE TABLE notes (
    id bigserial PRIMARY KEY,
    task bigint NOT NULL REFERENCES tasks,
    text text NOT NULL
);
CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE state = 'open';
