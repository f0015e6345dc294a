//! What an orchestrator is told.

use serde_json::json;
use tenantry_conformance::servers::Postgres;

use crate::world::{Place, TOKEN, until};

#[test]
fn a_server_is_ready_while_its_database_answers_and_lives_all_the_time() {
    let postgres = Postgres::start().unwrap();
    let place = Place::fresh()
        .with("TENANTRY_DATABASE_URL", postgres.url())
        .with("TENANTRY_SETUP", "true")
        .with("TENANTRY_WITHOUT_TABLES", "true")
        .with("TENANTRY_OPERATOR_TOKEN", TOKEN);
    let server = place.serve(&[]);
    let ready = || server.get("/health/ready", None);
    assert_eq!(ready().json(), json!({ "status": "ready" }));
    postgres.stop().unwrap();
    until("being unready", || ready().status == 503);
    let unready = json!({ "status": "unready", "reason": "database_unreachable" });
    assert_eq!(ready().json(), unready);
    assert_eq!(
        server.get("/health/live", None).json(),
        json!({ "status": "live" })
    );
    assert_eq!(server.get("/api/tenants", Some(TOKEN)).status, 503);
    postgres.start_again().unwrap();
    until("being ready again", || ready().status == 200);
    assert_eq!(server.get("/api/tenants", Some(TOKEN)).status, 200);
}

#[test]
fn a_database_whose_tables_are_gone_is_not_ready_and_says_so() {
    let [_, place] = Place::of_both_databases();
    let server = place.serve(&[]);
    let ready = || server.get("/health/ready", None);
    assert_eq!(ready().status, 200);
    let url = server.said["database"].as_str().unwrap();
    let name = url
        .split(' ')
        .find_map(|part| part.strip_prefix("dbname="))
        .unwrap();
    let drop = "ALTER TABLE tenantry_tenants RENAME TO gone";
    Postgres::shared().run_sql(name, drop).unwrap();
    until("being unready", || ready().status == 503);
    assert_eq!(ready().json()["reason"], "not_set_up");
}

#[test]
fn a_database_that_does_not_answer_in_time_is_slow() {
    let [_, place] = Place::of_both_databases();
    let server = place.serve(&["--ready-timeout", "200ms"]);
    let ready = || server.get("/health/ready", None);
    assert_eq!(ready().status, 200);
    let url = server.said["database"].as_str().unwrap();
    let name = url
        .split(' ')
        .find_map(|part| part.strip_prefix("dbname="))
        .unwrap();
    let name = name.to_owned();
    let lock = "BEGIN; LOCK TABLE tenantry_tenants; SELECT pg_sleep(600)";
    let holder = std::thread::spawn(move || Postgres::shared().run_sql(&name, lock));
    until("being unready", || ready().status == 503);
    until("a slow database", || {
        ready().json()["reason"] == "database_slow"
    });
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'";
    Postgres::shared()
        .run_sql("postgres", &format!("{end} AND pid <> pg_backend_pid()"))
        .unwrap();
    assert!(
        holder.join().unwrap().is_err(),
        "it held the lock until now"
    );
    until("being ready again", || ready().status == 200);
}
