use serde_json::{Value, json};
use tenantry::jobs::JobScope;

use super::{World, ids};
use crate::surroundings::Databases;

#[test]
fn jobs_are_listed_by_pages_of_whom_and_what_is_asked_for() {
    for world in World::both() {
        let acme: Vec<_> = (0..3).map(|_| world.put("acme", "mail", "a")).collect();
        let report = world.put("acme", "report", "a");
        let globex = world.put("globex", "mail", "a");
        let shared = world.put_in(JobScope::Shared, "mail", "a");
        let list = |more: &[&str]| world.listed(&[&["jobs", "list"], more].concat());
        assert_eq!(list(&[]).len(), 6);
        assert_eq!(list(&["--tenant", "globex"]), [&*globex]);
        let id = world.id("globex").to_string();
        assert_eq!(list(&["--tenant", &id]), [globex]);
        assert_eq!(list(&["--shared"]), [shared]);
        assert_eq!(list(&["--kind", "report"]), [&*report]);
        assert_eq!(list(&["--state", "done"]), [""; 0]);

        let of_acme = ["jobs", "list", "--tenant", "acme", "--limit", "3"];
        let page = world.tenantry.json(&of_acme);
        assert_eq!(ids(&page["jobs"]), acme);
        let next = page["next"].as_str().unwrap();
        assert_eq!(next, acme[2]);
        let rest = world
            .tenantry
            .json(&[&of_acme[..], &["--after", next]].concat());
        assert_eq!(
            (ids(&rest["jobs"]), &rest["next"]),
            (vec![report], &Value::Null)
        );
        let seen = world.tenantry.ok(&of_acme);
        assert!(seen.contains(&format!("--after {next}")), "{seen}");
        assert!(seen.contains("acme") && !seen.contains("globex"), "{seen}");
    }
}

#[test]
fn what_a_job_was_given_is_shown_only_if_asked_for() {
    for world in World::both() {
        let id = world.put("acme", "mail", "s3cret");
        for args in [
            ["jobs", "show", &id].as_slice(),
            &["jobs", "show", &id, "--json"],
            &["jobs", "list"],
            &["jobs", "list", "--json"],
        ] {
            let shown = world.tenantry.ok(args);
            assert!(shown.contains(&id[..8]), "{shown}");
            assert!(!shown.contains("s3cret"), "{args:?}: {shown}");
        }
        let asked = ["jobs", "show", &id, "--payload"];
        assert!(world.tenantry.ok(&asked).contains("s3cret"));
        let shown = world.show(&id);
        assert_eq!(shown["payload"], "s3cret");
        assert_eq!(
            (&shown["slug"], &shown["actor"]),
            (&json!("acme"), &json!("user:42"))
        );
    }
}

#[test]
fn a_job_that_waits_is_made_due_and_a_dead_one_put_back_and_neither_is_the_other() {
    for world in World::both() {
        let (later, never) = (
            world.put("acme", "work", "later"),
            world.put("acme", "work", "never"),
        );
        let counts = world.work();
        assert_eq!(
            (&counts["retried"], &counts["dead"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(world.work()["retried"], 0, "it isn't due");
        world
            .tenantry
            .ok(&["jobs", "retry", &later, "--tenant", "acme"]);
        assert_eq!(world.work()["retried"], 1);
        assert_eq!(world.show(&later)["attempts"], 2, "they stay counted");

        assert_eq!(world.listed(&["jobs", "dead"]), [&*never]);
        let reason = world.tenantry.ok(&["jobs", "dead", "--tenant", "acme"]);
        assert!(reason.contains("permanent_failure"), "{reason}");
        let advice = format!("jobs put-back {never}");
        world.tenantry.refused(&["jobs", "retry", &never], &advice);
        let advice = format!("jobs retry {later}");
        world
            .tenantry
            .refused(&["jobs", "put-back", &later], &advice);
        world.tenantry.ok(&["jobs", "put-back", &never]);
        let shown = world.show(&never);
        assert_eq!(
            (&shown["state"], &shown["attempts"]),
            (&json!("waiting"), &json!(0))
        );
    }
}

#[test]
fn many_are_changed_only_of_a_scope_that_is_named() {
    for world in World::both() {
        for _ in 0..3 {
            world.put("acme", "mail", "a");
        }
        let report = world.put("acme", "report", "a");
        let globex = world.put("globex", "mail", "a");
        let whose = "--tenant SLUG";
        for verb in ["cancel", "retry", "put-back"] {
            world.tenantry.refused(&["jobs", verb, "--all"], whose);
            world.tenantry.refused(&["jobs", verb], "--all");
        }
        let theirs = ["jobs", "cancel", &globex, "--tenant", "acme"];
        world.tenantry.refused(&theirs, "isn't one of those");
        let all = [
            "jobs", "cancel", "--all", "--tenant", "acme", "--kind", "mail",
        ];
        let cancelled = world.tenantry.json(&all);
        assert_eq!(cancelled["changed"].as_array().unwrap().len(), 3);
        let waiting = world.listed(&["jobs", "list", "--state", "waiting"]);
        assert_eq!(waiting, [report, globex.clone()]);
        world.tenantry.ok(&["jobs", "cancel", &globex]);
        let again = ["jobs", "cancel", &globex];
        world
            .tenantry
            .refused(&again, "only a waiting job or a dead letter");
        let counts = world.tenantry.json(&["jobs", "stats", "--tenant", "acme"]);
        let expected = json!({ "waiting": 1, "running": 0, "done": 0, "cancelled": 3, "dead": 0 });
        assert_eq!(counts, expected);
        assert_eq!(world.tenantry.json(&["jobs", "stats"])["cancelled"], 4);
    }
}

#[test]
fn a_purged_tenants_jobs_are_found_by_its_id() {
    for world in World::both() {
        let (id, job) = (
            world.id("globex").to_string(),
            world.put("globex", "mail", "a"),
        );
        for command in ["suspend", "delete"] {
            world.tenantry.ok(&["tenant", command, "globex"]);
        }
        world.tenantry.ok(&["tenant", "purge", "globex", "--yes"]);
        let list = ["jobs", "list", "--tenant", "globex"];
        world.tenantry.refused(&list, "give its id");
        assert_eq!(world.listed(&["jobs", "list", "--tenant", &id]), [job]);
        world
            .tenantry
            .ok(&["jobs", "cancel", "--all", "--tenant", &id]);
    }
}

#[test]
fn without_a_queue_or_with_bad_input_it_says_what_to_do() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        for args in [
            ["jobs", "list"].as_slice(),
            &["jobs", "stats"],
            &["jobs", "work", "--run", "mail=sh"],
        ] {
            tenantry.refused(args, "tenantry setup --jobs");
        }
        tenantry.ok(&["setup", "--jobs"]);
        tenantry.ok(&["setup", "--jobs"]);
        let unknown = "019abcde-0000-7000-8000-000000000000";
        tenantry.refused(&["jobs", "show", unknown], "there is no job");
        tenantry.refused(&["jobs", "show", "7"], "job");
        tenantry.refused(&["jobs", "list", "--state", "lost"], "waiting");
        tenantry.refused(
            &["jobs", "list", "--tenant", "nobody"],
            "no tenant has the slug",
        );
        let twice = ["jobs", "work", "--run", "mail=sh", "--run", "mail=true"];
        tenantry.refused(&twice, "name one");
        tenantry.refused(&["jobs", "work", "--run", "mail=./no-such"], "no program");
        tenantry.refused(&["jobs", "work", "--run", "mail"], "KIND=PROGRAM");
        tenantry.refused(&["jobs", "work"], "--run");
    }
}
