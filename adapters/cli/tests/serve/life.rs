//! A server's whole life, with tenants that outlive it.

use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::world::{Answer, Place, Server, TOKEN, request, until};

const ACME: &str = r#"{"slug":"acme","name":"Acme Laboratories"}"#;
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

#[test]
fn a_tenant_made_by_http_is_provisioned_and_found_again_after_a_restart() {
    for place in Place::of_both_databases() {
        let server = place.serve(&[]);
        let made = server.post("/api/tenants", Some(TOKEN), ACME);
        assert_eq!(made.status, 201, "{made:?}");
        let tenant = made.json();
        assert_eq!(tenant["status"], "active");
        assert!(tenant["provisioned_at"].is_string(), "{tenant}");
        assert_eq!(server.get("/api/tenants/acme", Some(TOKEN)).json(), tenant);
        server.signal(Signal::TERM);
        let (status, log) = server.end();
        assert!(status.success(), "{log}");

        let server = place.serve(&[]);
        assert_eq!(server.get("/api/tenants/acme", Some(TOKEN)).json(), tenant);
        server.signal(Signal::INT);
        assert!(server.end().0.success());
    }
}

#[test]
fn nobody_without_a_token_gets_in() {
    for place in Place::of_both_databases() {
        let server = place.serve(&[]);
        let other = TOKEN.replace('0', "1");
        for token in [None, Some(other.as_str()), Some("")] {
            let refused = server.post("/api/tenants", token, ACME);
            assert_eq!(refused.status, 401, "{token:?}");
            assert_eq!(refused.json()["reason"], "unauthenticated");
            assert_eq!(server.get("/api/openapi.json", token).status, 401);
        }
        let listed = server.get("/api/tenants", Some(TOKEN));
        assert_eq!(
            listed.json()["items"],
            serde_json::json!([]),
            "nothing was made"
        );
    }
}

#[test]
fn what_runs_when_it_is_told_to_stop_is_answered_and_nobody_else_is_let_in() {
    let [place, _] = Place::of_both_databases();
    let mut server = place.serve(&[]);
    let slow = Unfinished::begin(&server);
    server.signal(Signal::TERM);
    until("a closed door", || server.refuses_connections());
    assert!(!server.has_ended(), "a request still runs");
    assert_eq!(slow.finish().status, 201);
    let (status, log) = server.end();
    assert!(status.success(), "{log}");
    assert!(!log.contains("cut off"), "{log}");
}

#[test]
fn a_request_that_never_ends_is_cut_off_after_its_time() {
    let [place, _] = Place::of_both_databases();
    let server = place.serve(&["--stop-timeout", "100ms"]);
    let _stuck = Unfinished::begin(&server);
    server.signal(Signal::TERM);
    let (status, log) = server.end();
    assert!(status.success(), "{log}");
    assert!(log.contains("cut off"), "{log}");
}

#[test]
fn a_second_signal_waits_for_nobody() {
    let [place, _] = Place::of_both_databases();
    let mut server = place.serve(&["--stop-timeout", "60m"]);
    let _stuck = Unfinished::begin(&server);
    server.signal(Signal::TERM);
    until("a closed door", || server.refuses_connections());
    assert!(!server.has_ended(), "a request still runs");
    server.signal(Signal::TERM);
    let (status, log) = server.end();
    assert!(status.success(), "{log}");
    assert!(log.contains("cut off"), "{log}");
}

/// A request whose handler runs, and waits for the rest of its body.
struct Unfinished {
    stream: TcpStream,
}

impl Unfinished {
    fn begin(server: &Server) -> Self {
        let mut stream = server.connect();
        let text = request("POST", "/api/tenants", Some(TOKEN), ACME);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let head = format!("{head}\r\nexpect: 100-continue\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // It is said once the handler wants the body.
        let mut said = [0; CONTINUE.len()];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(said, *CONTINUE.as_bytes());
        Self { stream }
    }

    fn finish(mut self) -> Answer {
        self.stream.write_all(ACME.as_bytes()).unwrap();
        Answer::read(self.stream)
    }
}
