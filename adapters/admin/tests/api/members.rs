use serde_json::{Value, json};

use crate::world::{READER, Server, Tenant, World, refused};

async fn add(server: &Server, tenant: &Tenant, subject: &str, role: &str) -> crate::world::Answer {
    let path = format!("/api/tenants/{}/members", tenant.id);
    let body = json!({ "subject": subject, "role": role });
    server.by_all("POST", &path).json(&body).send().await
}

async fn list(server: &Server, tenant: &Tenant) -> Vec<(String, String)> {
    let path = format!("/api/tenants/{}/members", tenant.id);
    let page = server.by_all("GET", &path).send().await.json();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| (text(item, "subject"), text(item, "role")))
        .collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(a, b)| ((*a).into(), (*b).into()))
        .collect()
}

#[tokio::test]
async fn a_member_is_added_found_changed_and_removed_and_no_other_tenant_sees_it() {
    let world = World::new().await;
    members_live(&world.server).await;
}

/// The same over any store.
pub(crate) async fn members_live(server: &Server) {
    let (acme, other) = (server.create("acme").await, server.create("other").await);
    let owner = add(server, &acme, "user:1", "owner").await;
    assert_eq!(owner.status, 201, "{owner:?}");
    let odd = add(server, &acme, "auth0|a/b?c%d", "member").await;
    let location = odd.header("location").unwrap();
    let read = server.by_all("GET", location).send().await;
    assert_eq!(
        read.json(),
        json!({ "subject": "auth0|a/b?c%d", "role": "member" })
    );
    let again = add(server, &acme, "user:1", "viewer").await;
    assert_eq!(again.problem(), refused(409, "member_exists"));

    let change = |tag: &str, role: &str| {
        let call = server.by_all("PATCH", location).header("if-match", tag);
        call.json(&json!({ "role": role })).send()
    };
    let tag = read.header("etag").unwrap();
    let changed = change(tag, "admin").await;
    assert_eq!(changed.json()["role"], "admin");
    let stale = change(tag, "viewer").await;
    assert_eq!(stale.problem(), refused(412, "stale"));
    let body = json!({ "role": "viewer" });
    let without = server.by_all("PATCH", location).json(&body).send().await;
    assert_eq!(without.problem(), refused(428, "precondition_missing"));
    assert_eq!(
        list(server, &acme).await,
        pairs([("auth0|a/b?c%d", "admin"), ("user:1", "owner")])
    );
    assert_eq!(
        list(server, &other).await,
        [],
        "another tenant's are its own"
    );

    let path = owner.header("location").unwrap();
    let last = server.by_all("DELETE", path).header("if-match", "*");
    assert_eq!(last.send().await.problem(), refused(409, "last_owner"));
    let remove = server.by_all("DELETE", location).header("if-match", "*");
    assert_eq!(remove.send().await.status, 204);
    let gone = server.by_all("GET", location).send().await;
    assert_eq!(gone.problem(), refused(404, "member_not_found"));
}

#[tokio::test]
async fn a_page_of_members_leads_to_the_next() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    for number in 1..=3 {
        add(&world.server, &acme, &format!("user:{number}"), "member").await;
    }
    let path = format!("/api/tenants/{}/members?limit=2", acme.id);
    let first = world.server.by_all("GET", &path).send().await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let path = format!("{path}&cursor={}", first["next"].as_str().unwrap());
    let second = world.server.by_all("GET", &path).send().await.json();
    assert_eq!(second["items"][0]["subject"], "user:3");
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn an_invitation_is_made_used_or_withdrawn_and_its_token_is_shown_once() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    let path = format!("/api/tenants/{}/invitations", acme.id);
    let invite = |body: Value| world.server.by_all("POST", &path).json(&body).send();
    let made = invite(json!({ "role": "member" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let to_ada = json!({
        "role": "admin",
        "invitee": "email:ada@example.com",
        "valid_for_seconds": 60.0,
    });
    let to_ada = invite(to_ada).await;

    let listed = world.server.by_all("GET", &path).send().await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);
    assert!(!listed.body.contains(&token), "no token is listed");
    let newcomer = tenantry::membership::Subject::new("user:7").unwrap();
    let newcomer = tenantry::membership::Newcomer::new(newcomer);
    let token = token.parse().unwrap();
    let accepted = world.parts.members.accept(&token, &newcomer);
    accepted.await.unwrap();
    assert_eq!(
        list(&world.server, &acme).await,
        pairs([("user:7", "member")])
    );

    let id = to_ada.json()["invitation"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let withdraw = format!("{path}/{id}");
    for _ in 0..2 {
        let answer = world.server.by_all("DELETE", &withdraw).send().await;
        assert_eq!(answer.status, 204, "the second changes nothing");
    }
    let left = world.server.by_all("GET", &path).send().await.json();
    assert_eq!(left["items"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_a_member_or_an_invitation_is_refused() {
    let world = World::new().await;
    let acme = world.active("acme").await;
    let members = format!("/api/tenants/{}/members", acme.id);
    let invitations = format!("/api/tenants/{}/invitations", acme.id);
    for (path, body, reason) in [
        (
            &members,
            json!({ "subject": "two words", "role": "member" }),
            "subject_invalid",
        ),
        (
            &members,
            json!({ "subject": "system", "role": "member" }),
            "subject_invalid",
        ),
        (
            &members,
            json!({ "subject": "user:1", "role": "king" }),
            "role_invalid",
        ),
        (&members, json!({ "subject": "user:1" }), "json_invalid"),
        (
            &invitations,
            json!({ "role": "member", "invitee": "ada" }),
            "invitee_invalid",
        ),
        (
            &invitations,
            json!({ "role": "member", "valid_for_seconds": 0 }),
            "validity_invalid",
        ),
        (
            &invitations,
            json!({ "role": "member", "valid_for_seconds": 1.5 }),
            "json_invalid",
        ),
    ] {
        let answer = world.server.by_all("POST", path).json(&body).send().await;
        assert_eq!(answer.problem(), refused(422, reason), "{body}");
    }
    let call = world.server.call("POST", &members).by(READER);
    let answer = call.json(&json!({ "subject": "user:1", "role": "member" }));
    assert_eq!(answer.send().await.problem(), refused(403, "right_missing"));
    assert_eq!(list(&world.server, &acme).await, []);
}
