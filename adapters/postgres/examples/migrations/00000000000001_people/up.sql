CREATE TABLE people (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE
);
CREATE TABLE teams (
    id bigserial PRIMARY KEY,
    name text NOT NULL UNIQUE
);
CREATE TABLE members (
    team bigint NOT NULL REFERENCES teams,
    person bigint NOT NULL REFERENCES people,
    PRIMARY KEY (team, person)
);
