//! Schedules, as an operator looks after them.

use serde_json::{Value, json};

use super::World;

fn keys(world: &World, more: &[&str]) -> Vec<String> {
    let listed = world
        .tenantry
        .json(&[&["schedules", "list"], more].concat());
    let key = |schedule: &Value| schedule["key"].as_str().unwrap().to_owned();
    listed["schedules"]
        .as_array()
        .unwrap()
        .iter()
        .map(key)
        .collect()
}

/// Puts a schedule in that is due each minute.
fn put(world: &World, name: &str, more: &[&str]) -> Value {
    let args = ["schedules", "put", name, "* * * * *", "work", r#""text""#];
    world.tenantry.json(&[&args[..], more].concat())
}

/// Has every schedule be due, since its time is long past, and every tenant be there since before that.
fn make_due(world: &World) {
    let [due, since] = if world.database.is_sqlite() {
        ["1", "0"]
    } else {
        ["'2024-02-01T00:00:00Z'", "'2024-01-01T00:00:00Z'"]
    };
    let due = format!("UPDATE tenantry_job_schedules SET next_due = {due}");
    world.database.write("jobs.sqlite", &due);
    let since = format!("UPDATE tenantry_tenants SET provisioned_at = {since}");
    world.database.write("shared.sqlite", &since);
}

#[test]
fn schedules_are_put_listed_paused_resumed_and_removed() {
    for world in World::both() {
        let every = put(&world, "nightly", &["--every-tenant", "--actor", "ada"]);
        assert_eq!(
            every,
            json!({ "key": "every-tenant/nightly", "put": "new" })
        );
        let again = put(&world, "nightly", &["--every-tenant", "--actor", "ada"]);
        assert_eq!(again["put"], "unchanged");
        let high = [
            "--every-tenant",
            "--actor",
            "ada",
            "--priority",
            "high",
            "--missed",
            "leave-out",
        ];
        assert_eq!(put(&world, "nightly", &high)["put"], "replaced");
        let acmes = put(&world, "weekly", &["--tenant", "acme"])["key"].clone();
        put(&world, "sweep", &["--shared"]);
        assert_eq!(keys(&world, &[]).len(), 3);
        assert_eq!(keys(&world, &["--every-tenant"]), ["every-tenant/nightly"]);
        assert_eq!(keys(&world, &["--shared"]), ["shared/sweep"]);
        assert_eq!(
            keys(&world, &["--tenant", "acme"]),
            [acmes.as_str().unwrap()]
        );
        assert_eq!(keys(&world, &["--tenant", "globex"]), [""; 0]);

        let show = ["schedules", "show", "every-tenant/nightly"];
        let shown = world.tenantry.json(&show);
        for (key, value) in [
            ("cron", json!("* * * * *")),
            ("actor", json!("ada")),
            ("priority", json!(2)),
            ("missed", json!("leave_out")),
            ("paused", json!(false)),
            ("payload", Value::Null),
        ] {
            assert_eq!(shown[key], value, "{key}");
        }
        let whole = world.tenantry.json(&[&show[..], &["--payload"]].concat());
        assert_eq!(whole["payload"], "text");
        world
            .tenantry
            .ok(&["schedules", "pause", "every-tenant/nightly"]);
        let listed = world.tenantry.ok(&["schedules", "list"]);
        assert!(
            listed.contains("paused") && listed.contains("shared/sweep"),
            "{listed}"
        );
        world
            .tenantry
            .ok(&["schedules", "resume", "every-tenant/nightly"]);
        assert_eq!(world.tenantry.json(&show)["paused"], false);
        world
            .tenantry
            .ok(&["schedules", "remove", "every-tenant/nightly"]);
        world.tenantry.refused(&show, "there is no schedule");
        assert_eq!(keys(&world, &[]).len(), 2);
    }
}

#[test]
fn a_tick_puts_in_what_is_due_once_and_nothing_of_a_paused_schedule() {
    for world in World::both() {
        put(&world, "nightly", &["--every-tenant"]);
        put(&world, "sweep", &["--shared"]);
        let tick = || world.tenantry.json(&["schedules", "tick"]);
        assert_eq!(
            tick(),
            json!({ "jobs": 0, "failed": [] }),
            "nothing is due yet"
        );
        make_due(&world);
        world.tenantry.ok(&["schedules", "pause", "shared/sweep"]);
        assert_eq!(tick()["jobs"], 2, "one for each tenant");
        assert_eq!(tick()["jobs"], 0);
        let waiting = world
            .tenantry
            .json(&["jobs", "stats", "--tenant", "globex"]);
        assert_eq!(waiting["waiting"], 1);
        assert_eq!(world.work()["done"], 2);
    }
}

#[test]
fn a_schedule_that_cannot_be_read_hides_no_other_and_is_told() {
    for world in World::both() {
        put(&world, "nightly", &["--every-tenant"]);
        put(&world, "sweep", &["--shared"]);
        let break_it =
            "UPDATE tenantry_job_schedules SET definition = '{}' WHERE key = 'shared/sweep'";
        world.database.write("jobs.sqlite", break_it);
        let listed = world.tenantry.json(&["schedules", "list"]);
        assert_eq!(listed["schedules"].as_array().unwrap().len(), 1);
        assert_eq!(listed["unreadable"][0]["key"], "shared/sweep");
        let shown = world.tenantry.ok(&["schedules", "list"]);
        assert!(
            shown.contains("schedule shared/sweep can't be read"),
            "{shown}"
        );
        world.tenantry.ok(&["schedules", "remove", "shared/sweep"]);
        assert_eq!(
            world.tenantry.json(&["schedules", "list"])["unreadable"],
            json!([])
        );
    }
}

#[test]
fn whom_a_schedule_is_for_has_to_be_said_and_its_parts_to_be_right() {
    for world in World::both() {
        let refused = |args: &[&str], text: &str| {
            world
                .tenantry
                .refused(&[&["schedules"], args].concat(), text);
        };
        refused(&["put", "nightly", "* * * * *", "work"], "--every-tenant");
        refused(
            &["put", "nightly", "* * *", "work", "--shared"],
            "has 3 fields",
        );
        refused(
            &["put", "Nightly", "* * * * *", "work", "--shared"],
            "lower-case",
        );
        refused(
            &["put", "nightly", "* * * * *", "work", "{", "--shared"],
            "JSON",
        );
        refused(&["show", "nightly"], "target/name");
        world.tenantry.ok(&["tenant", "suspend", "acme"]);
        refused(
            &["put", "nightly", "* * * * *", "work", "--tenant", "acme"],
            "suspended",
        );
        assert_eq!(keys(&world, &[]), [""; 0]);
    }
}
