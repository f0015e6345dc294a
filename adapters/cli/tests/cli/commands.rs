//! The command as an operator runs it, on both databases.

use crate::surroundings::{Databases, Tenantry};
use serde_json::{Value, json};

#[test]
fn a_tenant_is_led_through_its_whole_life() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        let created = tenantry.json(&["tenant", "create", "acme", "--name", "Acme Labs"]);
        assert_eq!(created["status"], "pending");
        let provisioned = tenantry.json(&["tenant", "provision", "acme"]);
        assert_eq!(provisioned["provisioned"], true);
        assert_eq!(provisioned["tenant"]["status"], "active");
        assert_eq!(provisioned["applied"].as_array().unwrap().len(), 2);
        let again = tenantry.json(&["tenant", "provision", "acme"]);
        assert_eq!(
            again["provisioned"], false,
            "the second call does nothing and says so"
        );
        let status = |command: &str| tenantry.json(&["tenant", command, "acme"])["status"].clone();
        assert_eq!(status("suspend"), "suspended");
        assert_eq!(status("activate"), "active");
        assert_eq!(status("suspend"), "suspended");
        assert_eq!(status("delete"), "deleted");
        tenantry.refused(&["tenant", "purge", "acme"], "say --yes");
        tenantry.ok(&["tenant", "purge", "acme", "--yes"]);
        tenantry.refused(&["tenant", "show", "acme"], "no tenant has the slug acme");
        tenantry.ok(&["tenant", "create", "acme", "--provision"]);
    }
}

#[test]
fn a_tenant_is_found_by_its_id_as_well_as_by_its_slug() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        let created = tenantry.json(&[
            "tenant",
            "create",
            "acme",
            "--settings",
            r#"{"plan":"pro"}"#,
        ]);
        let id = created["id"].as_str().unwrap();
        let by_id = tenantry.json(&["tenant", "show", id]);
        assert_eq!(by_id, tenantry.json(&["tenant", "show", "acme"]));
        assert_eq!(by_id["settings"], json!({ "plan": "pro" }));
        assert!(
            tenantry
                .ok(&["tenant", "show", "acme"])
                .contains("tenant_acme")
        );
    }
}

#[test]
fn what_reads_as_an_id_is_taken_for_one_however_it_is_written() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        let created = tenantry.json(&["tenant", "create", "acme"]);
        tenantry.ok(&["tenant", "create", "globex"]);
        let id = created["id"].as_str().unwrap();
        for written in [id.to_owned(), id.to_uppercase(), id.replace('-', "")] {
            let shown = tenantry.json(&["tenant", "show", &written]);
            assert_eq!(shown["slug"], "acme", "{written}");
        }
        // A record that something else wrote, whose slug is another tenant's id.
        database.rename("globex", &id.replace('-', ""));
        for written in [id.to_owned(), id.replace('-', "")] {
            let shown = tenantry.json(&["tenant", "show", &written]);
            assert_eq!(shown["slug"], "acme", "{written}");
        }
        let version_4 = "9f1c6f0e-8a52-4f4e-9d2b-0a1b2c3d4e5f";
        tenantry.refused(&["tenant", "show", version_4], "neither a slug nor an id");
    }
}

#[test]
fn tenants_are_listed_with_filters_and_a_limit() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        for slug in ["alpha", "beta", "gamma"] {
            tenantry.ok(&["tenant", "create", slug]);
        }
        tenantry.ok(&["tenant", "provision", "beta"]);
        let slugs = |args: &[&str]| {
            let listed = tenantry.json(args);
            let slug = |tenant: &Value| tenant["slug"].as_str().unwrap().to_owned();
            listed
                .as_array()
                .unwrap()
                .iter()
                .map(slug)
                .collect::<Vec<_>>()
        };
        assert_eq!(slugs(&["tenant", "list"]), ["alpha", "beta", "gamma"]);
        assert_eq!(slugs(&["tenant", "list", "--status", "active"]), ["beta"]);
        assert_eq!(slugs(&["tenant", "list", "--search", "AM"]), ["gamma"]);
        assert_eq!(
            slugs(&["tenant", "list", "--limit", "2"]),
            ["alpha", "beta"]
        );
        assert!(
            tenantry
                .ok(&["tenant", "list", "--limit", "2"])
                .contains("only the first 2")
        );
    }
}

#[test]
fn the_fleet_is_migrated_and_a_second_run_finds_nothing_to_do() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        tenantry.ok(&["tenant", "create", "alpha", "--provision"]);
        tenantry.ok(&["tenant", "create", "beta", "--provision"]);
        tenantry.ok(&["tenant", "suspend", "beta"]);
        tenantry.ok(&["tenant", "create", "gamma"]);
        database.add_migration("2024-03-01-000000_more", "CREATE TABLE more (id BIGINT);");
        let first = tenantry.json(&["migrate"]);
        assert_eq!(
            (&first["migrated"], &first["unchanged"]),
            (&json!(2), &json!(0))
        );
        let second = tenantry.json(&["migrate"]);
        assert_eq!(
            (&second["migrated"], &second["unchanged"]),
            (&json!(0), &json!(2))
        );
        let one = tenantry.json(&["migrate", "--tenant", "alpha"]);
        assert_eq!(one["applied"], json!([]));
    }
}

#[test]
fn a_migration_that_fails_is_reported_with_its_tenants_and_the_exit_status() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        tenantry.ok(&["tenant", "create", "alpha", "--provision"]);
        database.add_migration("2024-03-01-000000_broken", "CREATE TABLE broken (nonsense;");
        let ended = tenantry.run(&["migrate", "--json"]);
        assert!(!ended.success);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report["failed"][0]["slug"], "alpha");
        let log = tenantry.json(&["audit", "list", "--shared"]);
        let last =
            &log["entries"].as_array().unwrap()[log["entries"].as_array().unwrap().len() - 1];
        assert_eq!(last["action"], "tenants.migrate.failed");
        let detail: Value = serde_json::from_str(last["detail"].as_str().unwrap()).unwrap();
        assert_eq!(
            detail,
            json!({ "failed": 1, "tenants": [report["failed"][0]["id"]] })
        );
        tenantry.ok(&["tenant", "create", "beta"]);
        tenantry.refused(&["tenant", "provision", "beta"], "broken");
        assert_eq!(
            tenantry.json(&["tenant", "show", "beta"])["status"],
            "pending"
        );
    }
}

#[test]
fn a_doctor_finds_nothing_wrong_with_a_healthy_database_and_says_what_is_wrong_with_another() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        let before = tenantry.run(&["doctor"]);
        assert!(!before.success, "{}", before.stdout);
        let said = before.stdout + &before.stderr;
        assert!(said.contains("tenantry setup"), "{said}");
        tenantry.ok(&["setup"]);
        tenantry.ok(&["tenant", "create", "alpha", "--provision"]);
        tenantry.ok(&["doctor"]);
        database.lose_schema("tenant_alpha");
        let after = tenantry.run(&["doctor"]);
        assert!(!after.success, "{}", after.stdout);
        assert!(after.stdout.contains("alpha"), "{}", after.stdout);
    }
}

#[test]
fn an_application_that_had_one_tenant_moves_its_rows_into_that_tenants_schema() {
    let [sqlite, postgres] = Databases::start();
    let tenantry = postgres.tenantry();
    tenantry.ok(&["setup"]);
    tenantry.ok(&["tenant", "create", "acme", "--provision"]);
    postgres.sql(
        "CREATE TABLE notes (id BIGINT PRIMARY KEY, body TEXT NOT NULL); \
         INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 1000) n",
    );
    let copied = tenantry.json(&["adopt", "acme", "--tables", "notes", "--batch", "300"]);
    assert_eq!(copied[0]["shared"], copied[0]["tenant"]);
    assert_eq!(
        (&copied[0]["shared"]["rows"], &copied[0]["removed"]),
        (&json!(1000), &json!(0))
    );
    let moved = tenantry.json(&["adopt", "acme", "--tables", "notes", "--remove"]);
    assert_eq!(moved[0]["removed"], 1000);
    let again = tenantry.json(&["adopt", "acme", "--tables", "notes", "--remove"]);
    assert_eq!(
        (&again[0]["shared"]["rows"], &again[0]["removed"]),
        (&json!(0), &json!(0))
    );
    tenantry.refused(&["adopt", "acme", "--tables", "nothing"], "has no table");

    let tenantry = sqlite.tenantry();
    tenantry.ok(&["setup"]);
    tenantry.refused(&["adopt", "acme", "--tables", "notes"], "PostgreSQL only");
}

#[test]
fn bad_input_is_refused_with_what_to_do_next() {
    for database in Databases::start() {
        let tenantry = database.tenantry();
        tenantry.refused(&["tenant", "create", "acme"], "tenantry setup");
        tenantry.ok(&["setup"]);
        tenantry.refused(&["tenant", "create", "Acme"], "lower-case letters");
        tenantry.refused(&["tenant", "create", "www"], "reserved");
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        tenantry.refused(&["tenant", "create", id], "another tenant's id");
        tenantry.refused(&["tenant", "show", id], "no tenant has the id");
        tenantry.refused(
            &["tenant", "create", "acme", "--settings", "[1]"],
            "JSON object",
        );
        tenantry.refused(&["tenant", "create", "acme", "--settings", "{"], "no JSON");
        tenantry.refused(
            &["tenant", "show", "Not A Slug"],
            "neither a slug nor an id",
        );
        tenantry.refused(
            &["tenant", "suspend", "nobody"],
            "no tenant has the slug nobody",
        );
        tenantry.ok(&["tenant", "create", "acme"]);
        tenantry.refused(&["tenant", "create", "acme"], "exists already");
        tenantry.refused(&["tenant", "suspend", "acme"], "provision it first");
    }
}

#[test]
fn without_a_database_or_migrations_the_error_names_the_option() {
    let tenantry = Tenantry::without_database();
    tenantry.refused(&["setup"], "--database-url");
    tenantry.refused(
        &["--database-url", "mysql://x:secret@y", "setup"],
        "postgres://",
    );
    let ended = tenantry.run(&["--database-url", "mysql://x:secret@y", "setup"]);
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    for database in Databases::start() {
        let tenantry = database.tenantry_without_migrations();
        tenantry.ok(&["setup"]);
        tenantry.ok(&["tenant", "create", "acme"]);
        tenantry.refused(&["tenant", "provision", "acme"], "--migrations");
        let at_once = ["tenant", "create", "globex", "--provision"];
        tenantry.refused(&at_once, "--migrations");
        tenantry.refused(&["tenant", "show", "globex"], "no tenant has the slug");
        tenantry.refused(&["migrate"], "--migrations");
    }
}

#[test]
fn a_folder_that_is_not_there_is_made_by_setup_alone() {
    let folder = tempfile::TempDir::new().unwrap();
    let missing = folder.path().join("typo");
    let url = format!("sqlite:{}", missing.display());
    let tenantry = Tenantry::without_database();
    for command in [["doctor"].as_slice(), &["tenant", "list"]] {
        tenantry.refused(
            &[&["--database-url", &url], command].concat(),
            "tenantry setup",
        );
        assert!(!missing.exists(), "{command:?}");
    }
    tenantry.ok(&["--database-url", &url, "setup"]);
    assert!(missing.is_dir());
}

#[test]
fn a_server_that_is_down_is_a_typed_error_without_the_password() {
    let tenantry = Tenantry::without_database();
    let url = "postgres://app:s3cret@127.0.0.1:1/shop";
    let ended = tenantry.run(&["--database-url", url, "setup"]);
    assert!(!ended.success);
    assert!(
        !ended.stderr.contains("s3cret") && !ended.stderr.contains("panicked"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("127.0.0.1"), "{}", ended.stderr);
}

#[test]
fn an_error_is_json_where_json_is_asked_for() {
    let tenantry = Tenantry::without_database();
    let ended = tenantry.run(&["--json", "setup"]);
    let error: Value = serde_json::from_str(&ended.stderr).unwrap();
    assert!(
        error["error"][0]
            .as_str()
            .unwrap()
            .contains("--database-url")
    );
}
