//! The log of who did what: shown, exported, and verified after somebody was at it.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::surroundings::{Database, Databases, Tenantry};

/// A tenant with a log of so many entries.
fn world(entries: usize) -> [(Database, Tenantry); 2] {
    Databases::start().map(|database| {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        tenantry.ok(&["tenant", "create", "acme"]);
        for number in 1..=entries {
            let who = format!("user:{number}");
            tenantry.ok(&["members", "add", "acme", &who, "--role", "owner"]);
        }
        (database, tenantry)
    })
}

/// Changes the log as whoever owns its table can.
fn tamper(database: &Database, statement: &str) {
    let triggers = if database.is_sqlite() {
        database.triggers_of("tenantry_audit")
    } else {
        "ALTER TABLE tenantry_audit DISABLE TRIGGER USER;".to_owned()
    };
    database.write("shared.sqlite", &format!("{triggers} {statement}"));
}

const VERIFY: [&str; 4] = ["audit", "verify", "--tenant", "acme"];

#[test]
fn a_log_is_listed_by_pages() {
    for (_database, tenantry) in world(3) {
        let page = tenantry.json(&["audit", "list", "--tenant", "acme", "--limit", "2"]);
        let numbers = |page: &Value| -> Vec<u64> {
            let entries = page["entries"].as_array().unwrap();
            entries
                .iter()
                .map(|entry| entry["number"].as_u64().unwrap())
                .collect()
        };
        assert_eq!((numbers(&page), &page["next"]), (vec![1, 2], &json!(2)));
        let rest = [
            "audit", "list", "--tenant", "acme", "--limit", "2", "--after", "2",
        ];
        let rest = tenantry.json(&rest);
        assert_eq!((numbers(&rest), &rest["next"]), (vec![3], &Value::Null));
        let shown = tenantry.ok(&["audit", "list", "--tenant", "acme"]);
        assert!(
            shown.contains("member.add") && shown.contains("user:3"),
            "{shown}"
        );
        let shared = tenantry.json(&["audit", "list", "--shared"]);
        assert_eq!(shared["entries"][0]["action"], "tenant.create");
        tenantry.refused(&["audit", "list"], "--tenant");
    }
}

#[test]
fn a_log_that_nobody_was_at_is_intact_also_as_an_export_elsewhere() {
    for (_database, tenantry) in world(3) {
        let verified = tenantry.json(&VERIFY);
        assert_eq!(
            (&verified["intact"], &verified["entries"]),
            (&json!(true), &json!(3))
        );
        let anchor = verified["anchor"].as_str().unwrap();
        let exported = tenantry.run(&["audit", "export", "--tenant", "acme"]);
        assert_eq!(exported.stdout.lines().count(), 3);
        assert!(exported.stderr.contains(anchor), "{}", exported.stderr);
        let rest = tenantry.ok(&["audit", "export", "--tenant", "acme", "--after", "2"]);
        assert_eq!(rest.lines().count(), 1);

        let folder = TempDir::new().unwrap();
        let file = folder.path().join("log");
        fs::write(&file, &exported.stdout).unwrap();
        let file = file.display().to_string();
        let id = tenantry.json(&["tenant", "show", "acme"])["id"]
            .as_str()
            .unwrap()
            .to_owned();
        // Where no database is.
        let elsewhere = Tenantry::without_database();
        let of_file = [
            "audit", "verify", "--tenant", &id, "--anchor", anchor, "--file",
        ];
        let verified = elsewhere.json(&[&of_file[..], &[&file]].concat());
        assert_eq!(
            (&verified["intact"], &verified["anchor"]),
            (&json!(true), &json!(anchor))
        );
        let piped = elsewhere.ok_given(&[&of_file[..], &["-"]].concat(), &exported.stdout);
        assert!(piped.contains("3 entries"), "{piped}");
        let cut: Vec<_> = exported.stdout.lines().take(2).collect();
        fs::write(&file, cut.join("\n")).unwrap();
        assert_broken(&elsewhere, &[&of_file[..], &[&file]].concat(), 3);
        fs::write(&file, "nonsense\n").unwrap();
        elsewhere.refused(&[&of_file[..], &[&file]].concat(), "line 1");
    }
}

/// Each is found where it begins, and the exit status says so.
fn assert_broken(tenantry: &Tenantry, verify: &[&str], at: u64) {
    let ended = tenantry.run(&[verify, &["--json"]].concat());
    assert!(!ended.success, "{}{}", ended.stdout, ended.stderr);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (&found["intact"], &found["broken_at"]),
        (&json!(false), &json!(at)),
        "{found}"
    );
    let ended = tenantry.run(verify);
    assert!(!ended.success);
    assert!(ended.stdout.contains(&at.to_string()), "{}", ended.stdout);
}

#[test]
fn an_edit_is_found_at_the_first_entry_that_was_edited() {
    for (database, tenantry) in world(4) {
        tenantry.ok(&VERIFY);
        tamper(
            &database,
            "UPDATE tenantry_audit SET actor = 'somebody' WHERE number >= 2",
        );
        assert_broken(&tenantry, &VERIFY, 2);
    }
}

#[test]
fn a_removal_is_found_at_the_entry_that_is_missing() {
    for (database, tenantry) in world(4) {
        tamper(&database, "DELETE FROM tenantry_audit WHERE number = 3");
        assert_broken(&tenantry, &VERIFY, 3);
    }
}

#[test]
fn a_missing_end_is_found_by_an_anchor_and_by_nothing_else() {
    for (database, tenantry) in world(4) {
        let anchor = tenantry.json(&VERIFY)["anchor"]
            .as_str()
            .unwrap()
            .to_owned();
        let anchored = [&VERIFY[..], &["--anchor", &anchor]].concat();
        tenantry.ok(&anchored);
        tamper(&database, "DELETE FROM tenantry_audit WHERE number > 2");
        tenantry.ok(&VERIFY);
        assert_broken(&tenantry, &anchored, 3);
        tenantry.refused(&[&VERIFY[..], &["--anchor", "4"]].concat(), "NUMBER:HASH");
    }
}

fn actions(tenantry: &Tenantry, whose: &[&str]) -> Vec<String> {
    let log = tenantry.json(&[&["audit", "list"], whose].concat());
    let action = |entry: &Value| entry["action"].as_str().unwrap().to_owned();
    log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(action)
        .collect()
}

#[test]
fn what_an_operator_does_to_tenants_jobs_and_schedules_is_in_the_log() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup", "--jobs"]);
        tenantry.ok(&["tenant", "create", "acme", "--provision", "--actor", "ada"]);
        tenantry.refused(&["tenant", "create", "acme"], "exists already");
        let put = tenantry.json(&["jobs", "put", "mail", "--tenant", "acme"]);
        let job = put["job"].as_str().unwrap();
        tenantry.ok(&["jobs", "cancel", job]);
        tenantry.refused(&["jobs", "retry", job], "only a waiting job");
        tenantry.ok(&["jobs", "cancel", "--all", "--tenant", "acme"]);
        tenantry.ok(&["jobs", "prune", "--older-than", "0s"]);
        tenantry.ok(&[
            "schedules",
            "put",
            "nightly",
            "0 2 * * *",
            "mail",
            "--every-tenant",
        ]);
        tenantry.ok(&["schedules", "remove", "every-tenant/nightly"]);
        tenantry.ok(&["migrate"]);
        for verb in ["suspend", "activate", "suspend", "delete"] {
            tenantry.ok(&["tenant", verb, "acme"]);
        }
        let id = tenantry.json(&["tenant", "show", "acme"])["id"].clone();
        tenantry.ok(&["tenant", "purge", "acme", "--yes"]);
        let of_acme = [
            "tenant.provision",
            "job.put",
            "job.cancel",
            "job.retry",
            "job.retry.failed",
            "jobs.cancel",
            "tenant.suspend",
            "tenant.activate",
            "tenant.suspend",
            "tenant.delete",
            "tenant.purge",
        ];
        assert_eq!(
            actions(&tenantry, &["--tenant", id.as_str().unwrap()]),
            of_acme
        );
        let shared = [
            "tenant.create",
            "tenant.create",
            "tenant.create.failed",
            "jobs.prune",
            "schedule.put",
            "schedule.remove",
            "tenants.migrate",
        ];
        assert_eq!(actions(&tenantry, &["--shared"]), shared);
        let log = tenantry.json(&["audit", "list", "--shared"]);
        assert_eq!(log["entries"][0]["actor"], "ada");
        assert_eq!(log["entries"][2]["detail"], r#"{"reason":"tenant_exists"}"#);
    }
}

#[test]
fn what_cannot_be_recorded_is_not_done() {
    for (database, tenantry) in world(1) {
        let cascade = if database.is_sqlite() { "" } else { "CASCADE" };
        tamper(&database, &format!("DROP TABLE tenantry_audit {cascade}"));
        for args in [
            ["members", "remove", "acme", "user:1"].as_slice(),
            &["tenant", "delete", "acme"],
        ] {
            let ended = tenantry.run(args);
            let said = ended.stderr;
            assert!(!ended.success, "{args:?}");
            assert!(
                said.contains("recorded") || said.contains("tenantry setup"),
                "{said}"
            );
        }
        assert_eq!(
            tenantry
                .json(&["members", "list", "acme"])
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            tenantry.json(&["tenant", "show", "acme"])["status"],
            "pending"
        );
    }
}
