//! Domains of a tenant's own, proven by a server of DNS that the test is.

use crate::surroundings::{Database, Databases, Tenantry};

/// Answers every question for a TXT record by this text, or by none.
#[cfg(feature = "dns")]
mod dns {
    use std::net::{Ipv4Addr, UdpSocket};
    use std::sync::{Arc, Mutex};
    use std::thread;

    pub(super) struct Dns {
        pub(super) address: String,
        text: Arc<Mutex<Option<String>>>,
    }

    impl Dns {
        pub(super) fn start() -> Self {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = socket.local_addr().unwrap().to_string();
            let text = Arc::<Mutex<Option<String>>>::default();
            let says = Arc::clone(&text);
            thread::spawn(move || {
                let mut question = [0; 4096];
                while let Ok((length, from)) = socket.recv_from(&mut question) {
                    let answer = answer(&question[..length], says.lock().unwrap().as_deref());
                    socket.send_to(&answer, from).unwrap();
                }
            });
            Self { address, text }
        }

        pub(super) fn publish(&self, text: Option<&str>) {
            *self.text.lock().unwrap() = text.map(str::to_owned);
        }
    }

    /// The question's header and its first question, and the record.
    fn answer(question: &[u8], text: Option<&str>) -> Vec<u8> {
        let name = question[12..].iter().position(|byte| *byte == 0).unwrap();
        let mut answer = question[..12 + name + 5].to_vec();
        (answer[2], answer[3]) = (0x81, 0x80);
        answer[6..12].fill(0);
        if let Some(text) = text {
            answer[7] = 1;
            let length = u8::try_from(text.len()).unwrap();
            answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, length + 1, length]);
            answer.extend(text.as_bytes());
        }
        answer
    }
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

#[cfg(feature = "dns")]
#[test]
fn a_domain_is_a_tenants_once_its_record_is_published() {
    for (_database, tenantry) in world() {
        let dns = dns::Dns::start();
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

#[cfg(feature = "dns")]
#[test]
fn of_two_tenants_the_one_that_proves_it_has_the_domain() {
    for (_database, tenantry) in world() {
        let dns = dns::Dns::start();
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

#[cfg(feature = "dns")]
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
        let log = tenantry.json(&["audit", "list", "--tenant", "acme"]);
        let actions = log["entries"].as_array().unwrap().iter();
        let actions: Vec<_> = actions.map(|entry| entry["action"].clone()).collect();
        assert_eq!(
            actions,
            ["domain.claim", "domain.check", "domain.check.failed"]
        );
    }
}

#[cfg(feature = "dns")]
#[test]
fn domains_are_looked_at_again_when_that_is_long_ago() {
    for (database, tenantry) in world() {
        let dns = dns::Dns::start();
        let claimed = tenantry.json(&["domains", "claim", "acme", "shop.acme.com"]);
        dns.publish(claimed["value"].as_str());
        let check = [
            "domains",
            "check",
            "acme",
            "shop.acme.com",
            "--resolver",
            &dns.address,
        ];
        tenantry.ok(&check);
        let recheck = |age| {
            let args = [
                "domains",
                "recheck",
                "--older-than",
                age,
                "--resolver",
                &dns.address,
            ];
            tenantry.json(&args)
        };
        assert_eq!(recheck("1d")["proven"], 0, "it was just looked at");
        assert_eq!(recheck("0s")["proven"], 1);
        dns.publish(None);
        assert_eq!(recheck("0s")["in_grace"], 1);
        let long_ago = if database.is_sqlite() {
            "0"
        } else {
            "'2024-01-01T00:00:00Z'"
        };
        let proven = format!("UPDATE tenantry_domains SET proven_at = {long_ago}");
        database.write("shared.sqlite", &proven);
        assert_eq!(recheck("0s")["lapsed"][0]["domain"], "shop.acme.com");
        let listed = tenantry.json(&["domains", "list", "acme"]);
        assert_eq!(listed[0]["verified"], false);
    }
}

#[cfg(not(feature = "dns"))]
#[test]
fn without_dns_in_the_build_the_error_names_the_build_that_has_it() {
    for (_database, tenantry) in world() {
        tenantry.ok(&["domains", "claim", "acme", "shop.acme.com"]);
        let check = ["domains", "check", "acme", "shop.acme.com"];
        tenantry.refused(&check, "--features dns");
        tenantry.refused(&["domains", "recheck"], "--features dns");
    }
}

#[test]
fn domains_are_claimed_listed_and_released() {
    for (_database, tenantry) in world() {
        let claimed = tenantry.json(&["domains", "claim", "acme", "Shop.Acme.com"]);
        assert_eq!(claimed["record"], "_tenantry.shop.acme.com");
        let listed = tenantry.json(&["domains", "list", "acme"]);
        assert_eq!(
            (&listed[0]["value"], &listed[0]["verified"]),
            (&claimed["value"], &false.into())
        );
        assert_eq!(
            tenantry.json(&["domains", "list", "globex"]),
            serde_json::json!([])
        );
        tenantry.ok(&["domains", "release", "acme", "shop.acme.com"]);
        assert_eq!(
            tenantry.json(&["domains", "list", "acme"]),
            serde_json::json!([])
        );
        let again = ["domains", "release", "acme", "shop.acme.com"];
        tenantry.refused(&again, "shop.acme.com");
        tenantry.refused(&["domains", "claim", "acme", "localhost"], "one label");
        tenantry.refused(
            &["domains", "claim", "acme", "not a domain"],
            "not a domain",
        );
    }
}
