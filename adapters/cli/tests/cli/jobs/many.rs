//! Several jobs at once: what became of each.

use serde_json::{Value, json};

use super::World;

#[test]
fn a_job_that_cannot_be_changed_keeps_none_of_the_others_from_it_and_is_told() {
    for world in World::both() {
        let [first, last] = ["a", "b"].map(|word| world.put("acme", "mail", word));
        let unknown = "019abcde-0000-7000-8000-000000000000";
        let all = ["jobs", "cancel", &first, unknown, &last, &first];
        let ended = world.tenantry.run(&[&all[..], &["--json"]].concat());
        assert!(!ended.success, "one failed");
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report["changed"], json!([first, last]));
        assert_eq!(report["failed"].as_array().unwrap().len(), 1);
        assert_eq!(report["failed"][0]["job"], unknown);
        let why = report["failed"][0]["error"].as_str().unwrap();
        assert!(why.contains("there is no job"), "{why}");

        // The ones that were cancelled can't be again, and each is told.
        let ended = world.tenantry.run(&all);
        assert!(!ended.success);
        for id in [&*first, unknown, &*last] {
            assert!(ended.stderr.contains(id), "{}", ended.stderr);
        }
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn retry_and_put_back_tell_of_each_too() {
    for world in World::both() {
        let (later, never) = (
            world.put("acme", "work", "later"),
            world.put("acme", "work", "never"),
        );
        world.work();
        for (verb, good, bad) in [("retry", &later, &never), ("put-back", &never, &later)] {
            let ended = world.tenantry.run(&["jobs", verb, bad, good, "--json"]);
            assert!(!ended.success, "{verb}");
            let report: Value = serde_json::from_str(&ended.stdout).unwrap();
            assert_eq!(report["changed"], json!([good]), "{verb}");
            assert_eq!(report["failed"][0]["job"], **bad, "{verb}");
        }
        let report = world.tenantry.json(&["jobs", "cancel", &later, &never]);
        assert_eq!(
            report,
            json!({ "changed": [later, never], "left": [], "failed": [] })
        );
    }
}

#[test]
fn what_ended_long_enough_ago_is_forgotten_and_nothing_else() {
    for world in World::both() {
        let [done, dead] = ["text", "never"].map(|word| world.put("acme", "work", word));
        let others = world.put("globex", "work", "text");
        world.work();
        let waits = world.put("acme", "mail", "text");
        let pruned = |more: &[&str]| {
            let report = world.tenantry.json(&[&["jobs", "prune"], more].concat());
            report["pruned"].clone()
        };
        assert_eq!(pruned(&["--older-than", "1h"]), 0);
        assert_eq!(pruned(&["--older-than", "0s", "--tenant", "acme"]), 1);
        let missing = |id: &str| {
            world
                .tenantry
                .refused(&["jobs", "show", id], "there is no job");
        };
        missing(&done);
        assert_eq!(world.show(&dead)["state"], "dead");
        assert_eq!(world.show(&others)["state"], "done");
        assert_eq!(pruned(&["--older-than", "0s", "--dead-letters"]), 2);
        missing(&dead);
        missing(&others);
        assert_eq!(world.show(&waits)["state"], "waiting");
        world.tenantry.refused(&["jobs", "prune"], "--older-than");
        let no_age = ["jobs", "prune", "--older-than", "soon"];
        world.tenantry.refused(&no_age, "such as 30d");
    }
}
