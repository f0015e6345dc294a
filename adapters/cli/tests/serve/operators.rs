//! Operators who have tokens of a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::world::{Place, Server};

const ACME: &str = r#"{"slug":"acme","name":"Acme"}"#;

fn may_read(server: &Server, token: &str) -> u16 {
    server.get("/api/tenants", Some(token)).status
}

#[test]
fn a_token_made_while_the_server_runs_lets_in_until_it_is_revoked() {
    let place = Place::fresh();
    let server = place.serve(&[]);
    server.must_log("nobody has a token yet");
    let (made, token, errors) = place.run(&["operator", "token", "ines"]);
    assert!(made, "{errors}");
    let token = token.trim_end();
    assert_eq!(server.post("/api/tenants", Some(token), ACME).status, 201);
    let kept = fs::read_to_string(place.path("tenantry-data/operators.toml")).unwrap();
    assert!(kept.contains("ines") && !kept.contains(token), "{kept}");
    let (_, listed, _) = place.run(&["operator", "list"]);
    assert!(
        listed.contains("ines") && listed.contains("read, manage"),
        "{listed}"
    );

    let (again, _, errors) = place.run(&["operator", "token", "ines"]);
    assert!(
        !again && errors.contains("operator revoke ines"),
        "{errors}"
    );
    assert_eq!(may_read(&server, token), 200, "the one that there is stays");
    assert!(place.run(&["operator", "revoke", "ines"]).0);
    assert_eq!(may_read(&server, token), 401);
    assert!(!place.run(&["operator", "revoke", "ines"]).0);
}

#[test]
fn a_token_gives_the_rights_that_were_named_and_no_others() {
    let place = Place::fresh();
    let server = place.serve(&[]);
    let (_, token, _) = place.run(&["operator", "token", "ines", "--rights", "read"]);
    let token = token.trim_end();
    assert_eq!(may_read(&server, token), 200);
    assert_eq!(server.post("/api/tenants", Some(token), ACME).status, 403);
    for wrong in [["ines!", "read"], ["otto", "everything"], ["otto", ""]] {
        let [name, rights] = wrong;
        let (made, said, errors) = place.run(&["operator", "token", name, "--rights", rights]);
        assert!(!made && said.is_empty(), "{wrong:?}: {said}{errors}");
    }
}

#[test]
fn a_file_that_is_wrong_or_open_to_others_lets_nobody_in_and_keeps_a_server_from_starting() {
    let place = Place::fresh();
    let server = place.serve(&[]);
    let (_, token, _) = place.run(&["operator", "token", "ines"]);
    let token = token.trim_end();
    assert_eq!(may_read(&server, token), 200);
    let file = place.path("tenantry-data/operators.toml");
    let good = fs::read_to_string(&file).unwrap();
    for wrong in [
        good.replace("\"read\"", "\"reed\""),
        good.replace("rights", "right"),
        format!("{good}\n{}", good.replace("# ", "## ")),
        good.replace("[[operator]]", "[[operator"),
    ] {
        fs::write(&file, &wrong).unwrap();
        assert_eq!(may_read(&server, token), 503, "{wrong}");
        let (started, _, errors) = place.run(&["serve", "--bind", "127.0.0.1:0"]);
        assert!(!started && errors.contains("operators.toml"), "{errors}");
    }
    fs::write(&file, &good).unwrap();
    assert_eq!(may_read(&server, token), 200);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).unwrap();
    let (started, _, errors) = place.run(&["serve", "--bind", "127.0.0.1:0"]);
    assert!(!started && errors.contains("chmod go-w"), "{errors}");
    assert_eq!(may_read(&server, token), 503);
}

#[test]
fn on_postgresql_a_file_of_operators_has_to_be_named() {
    let [_, place] = Place::of_both_databases();
    let (made, _, errors) = place.run(&["operator", "token", "ines"]);
    assert!(!made && errors.contains("--operators"), "{errors}");
    let place = place.with("TENANTRY_OPERATORS", "who.toml");
    let server = place.serve(&[]);
    let (_, token, _) = place.run(&["operator", "token", "ines"]);
    assert_eq!(may_read(&server, token.trim_end()), 200);
    let bits = fs::metadata(place.path("who.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(bits & 0o777, 0o600);
}
