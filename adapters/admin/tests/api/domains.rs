use serde_json::json;

use crate::parts::Dns;
use crate::world::{Answer, Server, Tenant, World, refused};

async fn claim(server: &Server, tenant: &Tenant, domain: &str) -> Answer {
    let path = format!("/api/tenants/{}/domains", tenant.id);
    let body = json!({ "domain": domain });
    server.by_all("POST", &path).json(&body).send().await
}

async fn check(server: &Server, location: &str) -> Answer {
    let path = format!("{location}/check");
    server.by_all("POST", &path).send().await
}

fn publish(dns: &Dns, claim: &Answer) {
    let record = &claim.json()["record"];
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    assert_eq!(text("type"), "TXT");
    dns.publish(&text("name"), &text("value"));
}

#[tokio::test]
async fn a_domain_is_claimed_proven_by_what_its_dns_says_and_released() {
    let world = World::new().await;
    domains_live(&world.server, &world.parts.dns).await;
}

/// The same over any store.
pub(crate) async fn domains_live(server: &Server, dns: &Dns) {
    let (acme, other) = (server.create("acme").await, server.create("other").await);
    let claimed = claim(server, &acme, "shop.acme.com").await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
    assert_eq!(claimed.json()["verified"], false);
    let location = claimed.header("location").unwrap();
    let early = check(server, location).await;
    assert_eq!(early.problem(), refused(409, "domain_not_proven"));
    let rival = claim(server, &other, "shop.acme.com").await;
    assert_ne!(rival.json()["record"], claimed.json()["record"]);

    publish(dns, &claimed);
    let proven = check(server, location).await;
    assert_eq!(proven.json()["verified"], true, "{proven:?}");
    let again = claim(server, &acme, "shop.acme.com").await;
    assert_eq!(
        again.body, proven.body,
        "it keeps its challenge, and stays verified"
    );
    let foreign = check(server, rival.header("location").unwrap()).await;
    assert_eq!(foreign.problem(), refused(409, "domain_not_proven"));
    let path = format!("/api/tenants/{}/domains", acme.id);
    let listed = server.by_all("GET", &path).send().await.json();
    assert_eq!(listed["items"], json!([proven.json()]));

    let release = |tag: &str| {
        server
            .by_all("DELETE", location)
            .header("if-match", tag)
            .send()
    };
    let stale = release(claimed.header("etag").unwrap()).await;
    assert_eq!(stale.problem(), refused(412, "stale"));
    let without = server.by_all("DELETE", location).send().await;
    assert_eq!(without.problem(), refused(428, "precondition_missing"));
    assert_eq!(release(proven.header("etag").unwrap()).await.status, 204);
    let gone = server.by_all("GET", location).send().await;
    assert_eq!(gone.problem(), refused(404, "domain_not_claimed"));
    let left = server
        .by_all("GET", rival.header("location").unwrap())
        .send()
        .await;
    assert_eq!(left.status, 200, "another tenant's claim is its own");
}

#[tokio::test]
async fn a_domain_whose_dns_is_away_may_be_checked_later_and_one_that_is_none_is_refused() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    let claimed = claim(&world.server, &acme, "shop.acme.com").await;
    publish(&world.parts.dns, &claimed);
    world.parts.dns.go_away();
    let answer = check(&world.server, claimed.header("location").unwrap()).await;
    assert_eq!(answer.problem(), refused(503, "domain_unreachable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    for domain in ["localhost", "not a domain", "", "10.0.0.1"] {
        let answer = claim(&world.server, &acme, domain).await;
        assert_eq!(answer.problem(), refused(422, "domain_invalid"), "{domain}");
    }
}
