//! Traces of the administration.

#[cfg(not(feature = "otlp"))]
use crate::world::Place;

#[cfg(feature = "otlp")]
mod sent {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;
    use std::time::Duration;

    use rustix::process::Signal;

    use crate::world::{Place, TOKEN};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A collector that takes what comes, and tells the bodies.
    fn collector() -> (String, Receiver<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, told) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let body = read(&mut reader);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\
                    connection: close\r\ncontent-length: 0\r\n\r\n";
                reader.get_mut().write_all(answer).unwrap();
                if tell.send(body).is_err() {
                    return;
                }
            }
        });
        (url, told)
    }

    fn read(reader: &mut BufReader<TcpStream>) -> Vec<u8> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("POST /v1/traces "), "{head}");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body).unwrap();
        body
    }

    /// What the collector has after one server's life, in which it was asked for this path.
    fn after_asking(path: &str) -> String {
        let (url, told) = collector();
        let place = Place::fresh().with("TENANTRY_OPERATOR_TOKEN", TOKEN);
        let server = place.serve(&["--otlp-url", &url]);
        server.get(path, Some(TOKEN));
        // Long before a batch would be due: what is left is sent at the end.
        server.signal(Signal::TERM);
        let (status, log) = server.end();
        assert!(status.success(), "{log}");
        let mut bodies = told.recv_timeout(PATIENCE).unwrap();
        bodies.extend(told.try_iter().flatten());
        String::from_utf8_lossy(&bodies).into_owned()
    }

    #[test]
    fn a_request_s_span_names_its_route_and_its_tenant_and_is_sent_before_the_server_ends() {
        let of_all = after_asking("/api/tenants");
        assert!(of_all.contains("GET /api/tenants"), "{of_all}");
        assert!(!of_all.contains("tenant.slug"), "the control: {of_all}");
        let of_one = after_asking("/api/tenants/acme");
        for text in ["GET /api/tenants/{tenant}", "tenant.slug", "acme"] {
            assert!(of_one.contains(text), "no {text} in {of_one}");
        }
        let of_no_name = after_asking("/api/tenants/Not%20a%20name");
        assert!(of_no_name.contains("GET /api/tenants/{tenant}"));
        assert!(!of_no_name.contains("Not"), "{of_no_name}");
    }

    #[test]
    fn a_collector_that_is_away_costs_traces_and_no_request() {
        let away = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", away.local_addr().unwrap());
        drop(away);
        let place = Place::fresh().with("TENANTRY_OPERATOR_TOKEN", TOKEN);
        let server = place.serve(&["--otlp-url", &url]);
        assert_eq!(server.get("/api/tenants", Some(TOKEN)).status, 200);
        server.signal(Signal::TERM);
        let (status, log) = server.end();
        assert!(status.success() && log.contains("weren't sent"), "{log}");
    }

    #[test]
    fn a_collector_by_tls_or_with_a_password_is_a_mistake_and_the_password_is_not_shown() {
        for url in ["https://collector:4318", "http://me:hunter2@collector", "x"] {
            let (good, said, _) = Place::fresh().run(&["config", "check", "--otlp-url", url]);
            assert!(!good && said.contains("--otlp-url"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[cfg(not(feature = "otlp"))]
#[test]
fn a_build_without_traces_says_which_build_sends_them() {
    let place = Place::fresh();
    let flag = ["serve", "--otlp-url", "http://localhost:4318"];
    let (started, _, errors) = place.run(&flag);
    assert!(!started && errors.contains("--features otlp"), "{errors}");
}
