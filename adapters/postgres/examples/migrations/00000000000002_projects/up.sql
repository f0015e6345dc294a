CREATE TYPE state AS ENUM ('open', 'done');
CREATE TABLE projects (
    id bigserial PRIMARY KEY,
    team bigint NOT NULL REFERENCES teams,
    name text NOT NULL,
    state state NOT NULL DEFAULT 'open'
);
CREATE TABLE tasks (
    id bigserial PRIMARY KEY,
    project bigint NOT NULL REFERENCES projects,
    title text NOT NULL,
    state state NOT NULL DEFAULT 'open'
);
CREATE INDEX ON tasks (project, state);
