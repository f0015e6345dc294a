//! Jobs that the command puts in.

use serde_json::{Value, json};

use super::World;

#[test]
fn a_job_that_was_put_in_runs_inside_its_tenant_with_what_it_was_given() {
    for world in World::both() {
        let put = [
            "jobs",
            "put",
            "work",
            r#""facts""#,
            "--tenant",
            "acme",
            "--actor",
            "ada",
        ];
        let said = world.tenantry.json(&put);
        assert_eq!(said["new"], true);
        let id = said["job"].as_str().unwrap();
        assert_eq!(world.work()["done"], 1);
        let output = &world.show(id)["output"];
        assert_eq!(
            (&output["slug"], &output["actor"]),
            (&json!("acme"), &json!("ada"))
        );
        let shared = ["jobs", "put", "work", r#""facts""#, "--shared"];
        let shared = world.tenantry.json(&shared)["job"].clone();
        world.work();
        let shared = world.show(shared.as_str().unwrap());
        assert_eq!(shared["output"]["scope"], "shared");
    }
}

#[test]
fn what_is_said_of_a_job_is_kept_with_it() {
    for world in World::both() {
        let id = "019abcde-0000-7000-8000-000000000000";
        let put = [
            "jobs",
            "put",
            "mail",
            "{\"to\": [1]}",
            "--tenant",
            "acme",
            "--priority",
            "high",
            "--run-at",
            "2100-01-31T08:00:00+01:00",
            "--unique",
            "a key",
            "--max-attempts",
            "3",
            "--id",
            id,
        ];
        assert_eq!(world.tenantry.json(&put), json!({ "job": id, "new": true }));
        assert_eq!(
            world.tenantry.json(&put),
            json!({ "job": id, "new": false }),
            "it is there once"
        );
        let shown = world.show(id);
        let expected = json!({
            "payload": { "to": [1] }, "priority": 2, "run_at": "2100-01-31T07:00:00Z", "unique_key": "a key",
            "max_attempts": 3, "slug": "acme", "state": "waiting", "attempts": 0,
        });
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&shown[key], value, "{key}");
        }
        let same_key = [
            "jobs", "put", "mail", "--tenant", "acme", "--unique", "a key",
        ];
        assert_eq!(
            world.tenantry.json(&same_key),
            json!({ "job": id, "new": false })
        );
        let others = [
            "jobs", "put", "mail", "--tenant", "globex", "--unique", "a key",
        ];
        assert_eq!(
            world.tenantry.json(&others)["new"],
            true,
            "keys of two tenants never meet"
        );
        let id_of_another = ["jobs", "put", "mail", "--tenant", "globex", "--id", id];
        world.tenantry.refused(&id_of_another, "of another scope");
    }
}

#[test]
fn a_job_is_put_in_for_an_active_tenant_or_for_the_shared_scope_on_purpose() {
    for world in World::both() {
        world.tenantry.refused(&["jobs", "put", "mail"], "--tenant");
        let both = ["jobs", "put", "mail", "--tenant", "acme", "--shared"];
        world.tenantry.refused(&both, "--shared");
        world.tenantry.ok(&["tenant", "suspend", "acme"]);
        let suspended = ["jobs", "put", "mail", "--tenant", "acme"];
        world.tenantry.refused(&suspended, "suspended");
        let nobody = ["jobs", "put", "mail", "--tenant", "nobody"];
        world.tenantry.refused(&nobody, "no tenant has the slug");
        let no_json = ["jobs", "put", "mail", "{", "--shared"];
        world.tenantry.refused(&no_json, "JSON");
        world
            .tenantry
            .refused(&["jobs", "put", "Mail", "--shared"], "lower-case");
        let soon = ["jobs", "put", "mail", "--shared", "--run-at", "soon"];
        world
            .tenantry
            .refused(&soon, "write it as 2026-01-31T08:00:00Z");
        let urgent = ["jobs", "put", "mail", "--shared", "--priority", "urgent"];
        world.tenantry.refused(&urgent, "low, normal or high");
        assert_eq!(world.tenantry.json(&["jobs", "stats"])["waiting"], 0);
    }
}

#[test]
fn what_a_job_is_given_can_come_from_standard_input() {
    for world in World::both() {
        let put = ["jobs", "put", "mail", "-", "--shared", "--json"];
        let said = world.tenantry.ok_given(&put, "[1, 2]\n");
        let said: Value = serde_json::from_str(&said).unwrap();
        let shown = world.show(said["job"].as_str().unwrap());
        assert_eq!(shown["payload"], json!([1, 2]));
    }
}
