use serde_json::json;

use crate::world::{World, refused};

#[tokio::test]
async fn a_change_without_if_match_is_refused_and_one_that_is_stale_too() {
    let world = World::new().await;
    let old = world.active("acme").await;
    let path = format!("/api/tenants/{}", old.id);
    let rename = json!({ "name": "New" });
    let suspend = format!("{path}/suspend");
    let purge = format!("{path}/purge");
    let provision = format!("{path}/provision");

    let renaming = || world.server.by_all("PATCH", &path).json(&rename);
    assert_eq!(
        renaming().send().await.problem(),
        refused(428, "precondition_missing")
    );
    let new = renaming()
        .header("if-match", &old.tag)
        .send()
        .await
        .tenant();
    assert_ne!(new.tag, old.tag);

    for (method, path) in [
        ("DELETE", &path),
        ("POST", &suspend),
        ("POST", &provision),
        ("POST", &purge),
    ] {
        let call = || world.server.by_all(method, path);
        let missing = call().send().await.problem();
        assert_eq!(missing, refused(428, "precondition_missing"), "{path}");
        let stale = call().header("if-match", &old.tag).send().await.problem();
        assert_eq!(stale, refused(412, "tenant_stale"), "{path}");
        let weak = format!("W/{}", new.tag);
        let weak = call().header("if-match", &weak).send().await.problem();
        assert_eq!(weak, refused(412, "tenant_stale"), "{path}");
        let broken = call().header("if-match", "acme").send().await.problem();
        assert_eq!(broken, refused(400, "precondition_malformed"), "{path}");
    }
    let found = world.server.by_all("GET", &path).send().await.tenant();
    assert_eq!(found.tag, new.tag, "nothing has changed");

    let either = format!("{}, {}", old.tag, new.tag);
    let call = world.server.by_all("POST", &suspend);
    let suspended = call.header("if-match", &either).send().await.tenant();
    assert_eq!(suspended.status, "suspended", "the control");
}

#[tokio::test]
async fn a_star_takes_whatever_is_there_by_slug_too() {
    let world = World::new().await;
    world.active("acme").await;
    let call = world.server.by_all("POST", "/api/tenants/acme/suspend");
    let tenant = call.header("if-match", "*").send().await.tenant();
    assert_eq!(tenant.status, "suspended");
}

#[tokio::test]
async fn the_tag_of_a_slugs_former_tenant_never_hits_its_next_one() {
    let world = World::new().await;
    let former = world.active("acme").await;
    let suspended = world.server.command(&former, "suspend").await.tenant();
    let path = format!("/api/tenants/{}", former.id);
    let call = world.server.by_all("DELETE", &path);
    let deleted = call
        .header("if-match", &suspended.tag)
        .send()
        .await
        .tenant();
    assert_eq!(world.server.command(&deleted, "purge").await.status, 204);

    let next = world.active("acme").await;
    assert_eq!(
        next.json["version"], former.json["version"],
        "the same version"
    );
    let call = world.server.by_all("POST", "/api/tenants/acme/suspend");
    let answer = call.header("if-match", &former.tag).send().await;
    assert_eq!(answer.problem(), refused(412, "tenant_stale"));
    let suspended = world.server.command(&next, "suspend").await.tenant();
    assert_eq!(suspended.status, "suspended", "the control");
}

#[tokio::test]
async fn of_many_changes_based_on_one_version_exactly_one_is_done() {
    let world = World::new().await;
    let tenant = world.active("acme").await;
    let path = format!("/api/tenants/{}", tenant.id);
    let names: Vec<_> = (0..8)
        .map(|number| json!({ "name": format!("n{number}") }))
        .collect();
    let calls: Vec<_> = names
        .iter()
        .map(|name| world.server.by_all("PATCH", &path).json(name))
        .map(|call| call.header("if-match", &tenant.tag).send())
        .collect();
    let mut done = 0;
    for answer in join_all(calls).await {
        if answer.status == 200 {
            done += 1;
        } else {
            assert_eq!(answer.problem(), refused(412, "tenant_stale"));
        }
    }
    assert_eq!(done, 1);
}

/// Polls all of them at once, to their ends.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(move |context| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() {
            std::task::Poll::Ready(std::mem::take(&mut done))
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
