//! Signing in with a browser, by a link that is used once.

use serde_json::Value;

use crate::world::{Answer, Place, Server, TOKEN};

/// What a browser sends when the button of the link's page is pressed.
fn enter(server: &Server, link: &str) -> Answer {
    let (page, token) = link.split_once('#').unwrap();
    let origin = page.strip_suffix("/dashboard/sign-in").unwrap();
    let form = format!("token={token}");
    server.send(&format!(
        "POST /dashboard/sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\norigin: {origin}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    ))
}

/// What the browser gets for a page, with the session's cookie or without one.
fn page(server: &Server, path: &str, cookie: Option<&str>) -> Answer {
    let cookie = cookie.map(|cookie| format!("cookie: {cookie}\r\n"));
    let cookie = cookie.unwrap_or_default();
    server.send(&format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{cookie}\r\n"
    ))
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[test]
fn the_link_that_is_printed_at_the_start_lets_one_in_once() {
    for place in Place::of_both_databases() {
        let server = place.serve(&[]);
        let link = server.said["sign_in"].as_str().unwrap().to_owned();
        assert!(!server.log().contains(&link), "a log is kept");
        let outside = page(&server, "/dashboard", None);
        assert_eq!(outside.status, 303, "{outside:?}");
        let inside = enter(&server, &link);
        assert_eq!(inside.status, 303, "{inside:?}");
        let session = cookie(&inside);
        assert_eq!(
            page(&server, "/dashboard/tenants", Some(&session)).status,
            200
        );
        assert_eq!(page(&server, "/api/tenants", Some(&session)).status, 200);
        assert_eq!(enter(&server, &link).status, 403, "it was used");
        let other = link.split_once('#').unwrap().0.to_owned() + "#" + &"0".repeat(64);
        assert_eq!(enter(&server, &other).status, 403);
        let home = page(&server, "/", None);
        assert_eq!(home.header("location"), Some("/dashboard"));
    }
}

#[test]
fn a_link_made_beside_a_running_server_lets_in_until_its_owner_is_revoked() {
    for place in Place::of_both_databases() {
        let server = place.serve(&["--sign-in-link=false"]);
        assert_eq!(server.said["sign_in"], Value::Null);
        let url = server.said["url"].as_str().unwrap();
        let command = [
            "operator",
            "link",
            "ines",
            "--rights",
            "read",
            "--public-url",
            url,
        ];
        let (made, link, errors) = place.run(&command);
        assert!(made, "{errors}");
        let session = cookie(&enter(&server, link.trim_end()));
        assert_eq!(
            page(&server, "/dashboard/tenants", Some(&session)).status,
            200
        );
        let (_, listed, _) = place.run(&["operator", "list", "--json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let ines =
            serde_json::json!({ "operator": "operator:ines", "by": "sign-in", "rights": ["read"] });
        assert_eq!(listed, serde_json::json!([ines]));
        let (revoked, _, errors) = place.run(&["operator", "revoke", "ines"]);
        assert!(revoked, "{errors}");
        let log = server.get("/api/audit/shared", Some(TOKEN));
        for action in ["operator.link", "operator.revoke"] {
            assert!(log.body.contains(action), "{log:?}");
        }
        assert_eq!(page(&server, "/api/tenants", Some(&session)).status, 401);
        assert_eq!(page(&server, "/dashboard", Some(&session)).status, 303);
    }
}

/// A page as whoever has used the link of the server's start gets it.
pub(crate) fn signed_in(server: &Server, path: &str) -> Answer {
    let link = server.said["sign_in"].as_str().unwrap();
    let session = cookie(&enter(server, link));
    page(server, path, Some(&session))
}
