//! What has to be so before a server serves.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use tenantry_conformance::servers::Postgres;

use crate::world::Place;

#[test]
fn on_a_fresh_machine_it_serves_at_once_from_a_folder_for_its_owner_alone() {
    let place = Place::fresh();
    let server = place.serve(&[]);
    assert_eq!(server.get("/health/ready", None).status, 200);
    let mode = place
        .path("tenantry-data")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    server.must_log("new tenants get a place of their own without tables");
}

#[test]
fn tables_that_are_missing_on_postgresql_are_made_only_if_that_is_asked_for() {
    let url = Postgres::shared().create_database().unwrap();
    let place = Place::fresh()
        .with("TENANTRY_DATABASE_URL", url)
        .with("TENANTRY_WITHOUT_TABLES", "true");
    let (served, _, errors) = place.run(&["serve", "--bind", "127.0.0.1:0"]);
    assert!(!served && errors.contains("tenantry setup"), "{errors}");
    assert!(place.run(&["setup"]).0);
    assert_eq!(place.serve(&[]).get("/health/ready", None).status, 200);
}

#[test]
fn a_folder_that_is_missing_is_not_made_if_that_is_declined() {
    let place = Place::fresh();
    let (served, _, errors) = place.run(&["serve", "--bind", "127.0.0.1:0", "--setup=false"]);
    assert!(!served && errors.contains("tenantry setup"), "{errors}");
    assert!(!place.path("tenantry-data").exists());
}

#[test]
fn an_address_that_is_taken_is_refused_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (served, _, errors) = Place::fresh().run(&["serve", "--bind", &address]);
    assert!(
        !served && errors.contains(&address) && errors.contains("--bind"),
        "{errors}"
    );
}

#[test]
fn the_log_can_be_one_object_a_line() {
    let place = Place::fresh().with("TENANTRY_LOG_FORMAT", "json");
    let server = place.serve(&[]);
    server.must_log("\"message\":\"listening\"");
    for line in server.log().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            event["level"].is_string() && event["message"].is_string(),
            "{line}"
        );
    }
}
