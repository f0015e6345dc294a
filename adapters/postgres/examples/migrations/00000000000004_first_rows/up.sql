INSERT INTO teams (name) VALUES ('everybody');
INSERT INTO projects (team, name) SELECT id, 'getting started' FROM teams;
INSERT INTO tasks (project, title)
    SELECT projects.id, 'task ' || number FROM projects, generate_series(1, 100) AS number;
