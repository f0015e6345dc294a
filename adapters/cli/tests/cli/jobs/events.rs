//! What `jobs work` says to programs, and what is kept of what a job's program wrote.

use serde_json::{Value, json};
use tenantry::jobs::JobScope;

use super::World;

#[test]
fn what_became_of_each_job_is_told_in_the_words_that_are_counted() {
    for world in World::both() {
        let acme = json!(world.id("acme"));
        let jobs = ["text", "later", "never"].map(|word| world.put("acme", "work", word));
        let shared = world.put_in(JobScope::Shared, "work", "text");
        let waits = world.put("globex", "work", "text");
        world.tenantry.ok(&["tenant", "suspend", "globex"]);
        let said = world.work_with(&["--threads", "1"]);
        let of = |word: &str, id: &str| {
            let found = said
                .iter()
                .find(|line| line["event"] == word && line["job"] == id);
            found
                .unwrap_or_else(|| panic!("no {word} of {id} in {said:?}"))
                .clone()
        };
        for (word, id) in [
            ("done", &jobs[0]),
            ("retried", &jobs[1]),
            ("dead", &jobs[2]),
        ] {
            for event in [of("began", id), of(word, id)] {
                let whose = (&event["kind"], &event["tenant"], &event["slug"]);
                assert_eq!(whose, (&json!("work"), &acme, &json!("acme")), "{event}");
            }
        }
        let done = of("done", &shared);
        assert_eq!(
            (&done["tenant"], &done["slug"]),
            (&Value::Null, &Value::Null)
        );
        assert!(
            of("dead", &jobs[2])["error"]
                .as_str()
                .unwrap()
                .contains("no such order")
        );
        let left = of("left_waiting", &waits);
        assert_eq!(
            (&left["kind"], &left["slug"]),
            (&json!("work"), &json!("globex"))
        );
        assert_eq!(left["why"], "its tenant is suspended");

        let counts = said.last().unwrap();
        for word in ["done", "retried", "dead", "left_waiting", "too_late"] {
            let told = said.iter().filter(|line| line["event"] == word).count();
            assert_eq!(counts[word], told, "{word} in {said:?}");
        }
    }
}

#[test]
fn of_a_job_that_waits_it_is_shown_that_its_tenant_keeps_it() {
    for world in World::both() {
        let id = world.put("acme", "work", "text");
        let shown = |verb: &[&str]| world.tenantry.ok(&[&["jobs"], verb].concat());
        assert!(!shown(&["list"]).contains("tenant suspended"), "a control");
        world.tenantry.ok(&["tenant", "suspend", "acme"]);
        let listed = shown(&["list"]);
        assert!(listed.contains("waiting (tenant suspended)"), "{listed}");
        let advice = shown(&["show", &id]);
        assert!(advice.contains("tenantry tenant activate acme"), "{advice}");
        assert_eq!(world.show(&id)["tenant_status"], "suspended");
        world.tenantry.ok(&["tenant", "activate", "acme"]);
        assert_eq!(world.work()["done"], 1);
        let done = shown(&["show", &id]);
        assert!(!done.contains("tenant activate"), "{done}");
    }
}

#[test]
fn what_a_program_wrote_is_whole_where_there_is_room_and_says_where_it_was_cut() {
    for world in World::both() {
        let [never, loud, much] =
            ["never", "loud", "much"].map(|word| world.put("acme", "work", word));
        world.work();
        let dead = world.tenantry.ok(&["jobs", "dead"]);
        assert!(
            dead.contains("exit status: 2: there is no such order"),
            "{dead}"
        );
        let error = |id: &str| world.show(id)["error"].as_str().unwrap().to_owned();
        let whole = error(&loud);
        assert!(
            whole.contains("only the end") && whole.ends_with("line 1999"),
            "{whole}"
        );
        assert!(!error(&never).contains("only the end"));
        let shown = world.tenantry.ok(&["jobs", "show", &loud]);
        assert!(
            shown.contains("line 1900") && shown.contains("line 1999"),
            "{shown}"
        );
        let kept = world.show(&much)["output"].as_str().unwrap().to_owned();
        assert!(kept.ends_with("of its output]"), "{}", kept.len());
        let output = kept.trim_end_matches(|c| c != 'a').len();
        assert!(output > 240_000, "{output}");
    }
}
