//! Signing in by an identity provider, as far as the settings of the server have a part in it.

use std::fs;

#[cfg(not(feature = "oidc"))]
use crate::world::Place;

#[cfg(feature = "oidc")]
mod offered {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;
    use std::time::Duration;

    use serde_json::json;

    use super::fs;
    use crate::world::{Answer, Place, Server};

    const PATIENCE: Duration = Duration::from_secs(30);
    const SECRET: &str = "hunter2";

    /// An identity provider that says where it is asked for what, takes no code, and tells the codes that it was sent.
    fn issuer() -> (String, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, told) = channel();
        let of_thread = url.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let (path, asked) = read(&mut reader);
                let (status, body) = if path == "/.well-known/openid-configuration" {
                    let at = |path: &str| format!("{of_thread}{path}");
                    let document = json!({
                        "issuer": of_thread,
                        "authorization_endpoint": at("/authorize"),
                        "token_endpoint": at("/token"),
                        "jwks_uri": at("/jwks"),
                    });
                    (200, document.to_string())
                } else {
                    if tell.send(asked).is_err() {
                        return;
                    }
                    (400, json!({ "error": "invalid_grant" }).to_string())
                };
                let answer = format!(
                    "HTTP/1.1 {status} so\r\ncontent-type: application/json\r\nconnection: close\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        (url, told)
    }

    /// A request's path, and the whole of it.
    fn read(reader: &mut BufReader<TcpStream>) -> (String, String) {
        let mut whole = String::new();
        while !whole.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut whole).unwrap(), 0, "{whole}");
        }
        let path = whole.split(' ').nth(1).unwrap().to_owned();
        let length = whole.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        let mut body = vec![0; length.unwrap_or_default()];
        reader.read_exact(&mut body).unwrap();
        whole.push_str(&String::from_utf8(body).unwrap());
        (path, whole)
    }

    fn page(server: &Server, path: &str, cookie: &str) -> Answer {
        server.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n"
        ))
    }

    /// A place with rules, and a server's settings for this provider.
    fn place(issuer: &str) -> Place {
        let place = Place::fresh();
        let rules = "[[rule]]\ngroup = \"platform\"\nrights = [\"read\"]\n";
        fs::write(place.path("rules.toml"), rules).unwrap();
        let settings = format!(
            "oidc_issuer = \"{issuer}\"\noidc_client_id = \"tenants\"\noidc_rules = \"rules.toml\"\n\
             oidc_scopes = \"email groups\"\noidc_name = \"Example ID\"\n"
        );
        fs::write(place.path("tenantry.toml"), settings).unwrap();
        place
    }

    #[test]
    fn the_sign_in_page_offers_the_provider_and_leads_there_with_pkce_and_the_settings() {
        let (url, told) = issuer();
        let by_variable = place(&url).with("TENANTRY_OIDC_CLIENT_SECRET", SECRET);
        let by_file = place(&url).with("TENANTRY_OIDC_CLIENT_SECRET_FILE", "secret");
        fs::write(by_file.path("secret"), format!("{SECRET}\n")).unwrap();
        for place in [by_variable, by_file] {
            let server = place.serve(&[]);
            let offered = server.get("/dashboard/sign-in", None);
            assert!(offered.body.contains("Example ID"), "{offered:?}");
            let begun = server.get("/dashboard/sign-in/oidc", None);
            assert_eq!(begun.status, 303, "{begun:?}");
            let there = begun.header("location").unwrap();
            let (at, query) = there.split_once('?').unwrap();
            assert_eq!(at, format!("{url}/authorize"));
            let query: Vec<_> = query.split('&').collect();
            for wanted in [
                "response_type=code",
                "client_id=tenants",
                "scope=openid+email+groups",
                "code_challenge_method=S256",
            ] {
                assert!(query.contains(&wanted), "no {wanted} in {there}");
            }
            let value = |name: &str| {
                let found = query.iter().find_map(|pair| pair.strip_prefix(name));
                found.unwrap().to_owned()
            };
            assert!(!value("code_challenge=").is_empty() && !value("nonce=").is_empty());
            assert!(value("redirect_uri=").ends_with("%2Fdashboard%2Fsign-in%2Foidc%2Fcallback"));

            let state = value("state=");
            let cookie = begun.header("set-cookie").unwrap();
            let cookie = cookie.split(';').next().unwrap();
            let back = format!("/dashboard/sign-in/oidc/callback?code=taken&state={state}");
            let refused = page(&server, &back, cookie);
            assert_eq!(refused.status, 403, "{refused:?}");
            let asked = told.recv_timeout(PATIENCE).unwrap();
            // tenants:hunter2
            let authorization = "authorization: basic dgvuyw50czpodw50zxiy";
            assert!(asked.to_lowercase().contains(authorization), "{asked}");
            assert!(
                asked.contains("code=taken") && asked.contains("code_verifier="),
                "{asked}"
            );
            assert!(!server.log().contains(SECRET), "{}", server.log());
            let (good, shown, errors) = place.run(&["config", "check"]);
            assert!(good && shown.contains("tenants"), "{shown}{errors}");
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }

    #[test]
    fn without_a_provider_the_sign_in_page_offers_none() {
        let server = Place::fresh().serve(&[]);
        let offered = server.get("/dashboard/sign-in", None);
        assert_eq!(offered.status, 200);
        assert!(!offered.body.contains("sign-in/oidc"), "{offered:?}");
        assert_eq!(server.get("/dashboard/sign-in/oidc", None).status, 404);
    }
}

#[cfg(not(feature = "oidc"))]
#[test]
fn a_build_without_openid_connect_says_which_build_knows_it_and_offers_nothing() {
    let place = Place::fresh();
    let (started, _, errors) = place.run(&["serve", "--oidc-issuer", "https://id.example.com"]);
    assert!(!started && errors.contains("--features oidc"), "{errors}");
    fs::write(
        place.path("tenantry.toml"),
        "oidc_client_id = \"tenants\"\n",
    )
    .unwrap();
    let (good, said, _) = place.run(&["config", "check"]);
    assert!(!good && said.contains("--features oidc"), "{said}");
    fs::write(place.path("tenantry.toml"), "").unwrap();
    let server = place.serve(&[]);
    let offered = server.get("/dashboard/sign-in", None);
    assert_eq!(offered.status, 200);
    assert!(!offered.body.contains("sign-in/oidc"), "{offered:?}");
}
