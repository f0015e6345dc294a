//! Domains of a tenant's own, proven by a server of DNS that the test is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::surroundings::{Database, Databases, Tenantry};

/// Answers every question for a TXT record by this text, or by none.
struct Dns {
    address: String,
    text: Arc<Mutex<Option<String>>>,
}

impl Dns {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let text = Arc::<Mutex<Option<String>>>::default();
        let says = Arc::clone(&text);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut question).unwrap();
                let answer = answer(&question, says.lock().unwrap().as_deref());
                let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length[..], &answer].concat()).unwrap();
            }
        });
        Self { address, text }
    }

    fn publish(&self, text: Option<&str>) {
        *self.text.lock().unwrap() = text.map(str::to_owned);
    }
}

fn answer(question: &[u8], text: Option<&str>) -> Vec<u8> {
    let mut answer = question.to_vec();
    (answer[2], answer[3]) = (0x81, 0x80);
    if let Some(text) = text {
        answer[7] = 1;
        let length = u8::try_from(text.len()).unwrap();
        answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, length + 1, length]);
        answer.extend(text.as_bytes());
    }
    answer
}

fn world() -> [(Database, Tenantry); 2] {
    Databases::start().map(|database| {
        let tenantry = database.tenantry();
        tenantry.ok(&["setup"]);
        for slug in ["acme", "globex"] {
            tenantry.ok(&["tenant", "create", slug]);
        }
        (database, tenantry)
    })
}

#[test]
fn a_domain_is_a_tenants_once_its_record_is_published() {
    for (_database, tenantry) in world() {
        let dns = Dns::start();
        let claimed = tenantry.json(&["domains", "claim", "acme", "Shop.Acme.com"]);
        assert_eq!(claimed["record"], "_tenantry.shop.acme.com");
        assert_eq!(claimed["verified"], false);
        let value = claimed["value"].as_str().unwrap();
        let shown = tenantry.ok(&["domains", "claim", "acme", "shop.acme.com"]);
        assert!(
            shown.contains(value),
            "the same challenge as before: {shown}"
        );

        let check = [
            "domains",
            "check",
            "acme",
            "shop.acme.com",
            "--resolver",
            &dns.address,
        ];
        tenantry.refused(&check, value);
        dns.publish(Some("tenantry-domain=somebody else's"));
        tenantry.refused(&check, "_tenantry.shop.acme.com");
        dns.publish(Some(value));
        assert_eq!(tenantry.json(&check)["verified"], true);
        let listed = tenantry.json(&["domains", "list", "acme"]);
        assert_eq!(listed[0]["verified"], true);
        assert!(tenantry.ok(&["domains", "list", "acme"]).contains("since "));

        tenantry.ok(&["domains", "release", "acme", "shop.acme.com"]);
        assert_eq!(
            tenantry.json(&["domains", "list", "acme"]),
            serde_json::json!([])
        );
        tenantry.refused(&check, "claim it first");
    }
}

#[test]
fn of_two_tenants_the_one_that_proves_it_has_the_domain() {
    for (_database, tenantry) in world() {
        let dns = Dns::start();
        let value = |slug: &str| {
            let claimed = tenantry.json(&["domains", "claim", slug, "shop.acme.com"]);
            claimed["value"].as_str().unwrap().to_owned()
        };
        let (acmes, globexs) = (value("acme"), value("globex"));
        assert_ne!(acmes, globexs);
        let check = |slug| {
            [
                "domains",
                "check",
                slug,
                "shop.acme.com",
                "--resolver",
                &dns.address,
            ]
        };
        dns.publish(Some(&acmes));
        tenantry.refused(&check("globex"), &globexs);
        tenantry.ok(&check("acme"));
        let verified =
            |slug: &str| tenantry.json(&["domains", "list", slug])[0]["verified"].clone();
        assert_eq!(
            (verified("acme"), verified("globex")),
            (true.into(), false.into())
        );
    }
}

#[test]
fn a_server_that_is_away_says_nothing_about_a_domain() {
    for (_database, tenantry) in world() {
        tenantry.ok(&["domains", "claim", "acme", "shop.acme.com"]);
        let away = [
            "domains",
            "check",
            "acme",
            "shop.acme.com",
            "--resolver",
            "127.0.0.1:1",
        ];
        tenantry.refused(&away, "can't be asked just now");
        tenantry.refused(&["domains", "claim", "acme", "localhost"], "one label");
        tenantry.refused(
            &["domains", "claim", "acme", "not a domain"],
            "not a domain",
        );
        let log = tenantry.json(&["audit", "list", "--tenant", "acme"]);
        let actions = log["entries"].as_array().unwrap().iter();
        let actions: Vec<_> = actions.map(|entry| entry["action"].clone()).collect();
        let expected = ["domain.claim", "domain.check", "domain.check.failed"];
        assert_eq!(actions[..3], expected);
    }
}
