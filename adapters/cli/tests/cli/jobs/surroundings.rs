//! What a program inherits of the worker's environment.

use super::{World, work_args};

const SECRETS: [(&str, &str); 6] = [
    ("DATABASE_URL", "s3cret-1"),
    ("REDIS_URL", "redis://:s3cret-2@127.0.0.1:1"),
    ("PGPASSWORD", "s3cret-3"),
    ("JWT_SECRET", "s3cret-4"),
    ("AWS_SECRET_ACCESS_KEY", "s3cret-5"),
    ("MAIL_KEY", "s3cret-6"),
];

/// The lines of `env` in a program, of a worker that has all those secrets.
fn found(world: World, more: &[&str]) -> Vec<String> {
    let id = world.put("acme", "work", "environment");
    let World {
        database,
        mut tenantry,
    } = world;
    for (name, value) in SECRETS {
        tenantry = tenantry.with_env(name, value);
    }
    let world = World { database, tenantry };
    world.work_with(more);
    let shown = world.show(&id);
    let printed = shown["output"]
        .as_str()
        .unwrap_or_else(|| panic!("{shown}"));
    printed.lines().map(str::to_owned).collect()
}

fn has(lines: &[String], name: &str) -> bool {
    let beginning = format!("{name}=");
    lines.iter().any(|line| line.starts_with(&beginning))
}

#[test]
fn a_program_finds_none_of_the_workers_secrets() {
    for world in World::both() {
        let lines = found(world, &[]);
        for (name, _) in SECRETS {
            assert!(!has(&lines, name), "{name} in {lines:?}");
        }
        assert!(!has(&lines, "TENANTRY_DATABASE_URL"), "{lines:?}");
        assert!(!lines.concat().contains("s3cret"), "{lines:?}");
        for name in ["PATH", "TENANTRY_JOB_ID", "TENANTRY_TENANT_ID"] {
            assert!(has(&lines, name), "{name} in {lines:?}");
        }
    }
}

#[test]
fn what_is_to_be_passed_on_is_and_nothing_else() {
    for world in World::both() {
        let lines = found(
            world,
            &["--pass-env", "MAIL_KEY", "--pass-env", "DATABASE_URL"],
        );
        assert!(lines.contains(&"MAIL_KEY=s3cret-6".to_owned()), "{lines:?}");
        assert!(has(&lines, "DATABASE_URL"), "{lines:?}");
        assert!(!has(&lines, "PGPASSWORD"), "{lines:?}");
    }
}

#[test]
fn what_is_to_be_passed_on_has_to_be_there_before_any_job_is_taken() {
    for world in World::both() {
        let id = world.put("acme", "work", "text");
        let absent = work_args(&["--until-empty", "--pass-env", "NO_SUCH_KEY"]);
        world.tenantry.refused(&absent, "NO_SUCH_KEY");
        let with_its_value = work_args(&["--pass-env", "MAIL_KEY=s3cret"]);
        world.tenantry.refused(&with_its_value, "name one variable");
        assert_eq!(world.show(&id)["attempts"], 0);
    }
}
