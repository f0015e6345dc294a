use crate::world::{Who, World};

const ACME: &str = "/dashboard/tenants/acme";

#[tokio::test]
async fn members_are_added_changed_invited_and_removed() {
    let world = World::new().await;
    let at = |path: &str| format!("{ACME}/members{path}");
    let fields = [("subject", "user:1"), ("role", "owner")];
    let added = world.post(Who::All, &at("/add"), &fields).await;
    added.leads_to(&at("?done=member-added"));
    let fields = [("subject", "user:2"), ("role", "viewer")];
    world.post(Who::All, &at("/add"), &fields).await;
    let fields = [
        ("subject", "user:2"),
        ("was", "viewer"),
        ("role", "admin"),
        ("do", "set"),
    ];
    let changed = world.post(Who::All, &at("/change"), &fields).await;
    changed.leads_to(&at("?done=member-changed"));
    let stale = world.post(Who::All, &at("/change"), &fields).await;
    assert!(
        stale.status.is_client_error(),
        "they aren't a viewer any more"
    );
    let fields = [("subject", "user:1"), ("was", "owner"), ("do", "remove")];
    let last = world.post(Who::All, &at("/change"), &fields).await;
    assert_eq!(last.status, 409, "the last owner stays");
    let invited = world
        .post(
            Who::All,
            &at("/invite"),
            &[("role", "member"), ("email", "ada@example.com")],
        )
        .await;
    assert_eq!(invited.status, 201);
    invited.shows("It isn't shown again");
    let seen = world.get(Who::All, &at("")).await;
    seen.shows("email:ada@example.com");
    seen.hides("It isn't shown again");
    let (_, rest) = seen
        .body
        .split_once("name=\"invitation\" value=\"")
        .unwrap();
    let id = rest.split('"').next().unwrap();
    let withdrawn = world
        .post(Who::All, &at("/withdraw"), &[("invitation", id)])
        .await;
    withdrawn.leads_to(&at("?done=invitation-withdrawn"));
    world.get(Who::All, &at("")).await.hides("ada@example.com");
    let other = world
        .get(Who::All, "/dashboard/tenants/other/members")
        .await;
    other.hides("user:1");
    let wrong = world
        .post(
            Who::All,
            &at("/add"),
            &[("subject", "a b"), ("role", "owner")],
        )
        .await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn a_domain_is_claimed_checked_and_released() {
    let world = World::new().await;
    let at = |path: &str| format!("{ACME}/domains{path}");
    let claimed = world
        .post(Who::All, &at("/claim"), &[("domain", "shop.acme.example")])
        .await;
    claimed.leads_to(&at("?done=domain-claimed"));
    let seen = world.get(Who::All, &at("")).await;
    seen.shows("_tenantry.shop.acme.example");
    seen.shows("not proven");
    let fields = [("domain", "shop.acme.example"), ("do", "check")];
    let checked = world.post(Who::All, &at("/change"), &fields).await;
    assert_eq!(checked.status, 409, "no record is there");
    let fields = [("domain", "shop.acme.example"), ("do", "release")];
    world
        .post(Who::All, &at("/change"), &fields)
        .await
        .leads_to(&at("?done=domain-released"));
    world
        .get(Who::All, &at(""))
        .await
        .shows("No domain is claimed");
    let wrong = world
        .post(Who::All, &at("/claim"), &[("domain", "not a domain")])
        .await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn a_flush_empties_this_tenants_cache_and_leaves_the_others() {
    let world = World::new().await;
    let keys = "<dt>Keys</dt><dd>1</dd>";
    world
        .get(Who::All, &format!("{ACME}/cache"))
        .await
        .shows(keys);
    let flushed = world
        .post(Who::All, &format!("{ACME}/cache/flush"), &[])
        .await;
    flushed.leads_to(&format!("{ACME}/cache?done=cache-flushed"));
    world
        .get(Who::All, &format!("{ACME}/cache"))
        .await
        .hides(keys);
    world
        .get(Who::All, "/dashboard/tenants/other/cache")
        .await
        .shows(keys);
    assert_eq!(world.actions(&world.acme).await, ["cache.flush"]);
}

#[tokio::test]
async fn jobs_are_cancelled_by_whoever_may_see_them() {
    let world = World::new().await;
    let job_of = |body: &str| {
        let (_, rest) = body.split_once("name=\"job\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let others = job_of(
        &world
            .get(Who::All, "/dashboard/tenants/other/jobs")
            .await
            .body,
    );
    let own = job_of(&world.get(Who::All, &format!("{ACME}/jobs")).await.body);
    let all = world.get(Who::All, "/dashboard/jobs").await;
    all.shows(&others);
    all.shows(&own);
    let change = "/dashboard/jobs/change";
    let fields = [("job", &*others), ("do", "cancel"), ("back", "/jobs")];
    let hidden = world.post(Who::OfAcme, change, &fields).await;
    assert_eq!(hidden.status, 404);
    let fields = [
        ("job", &*own),
        ("do", "cancel"),
        ("back", "/tenants/acme/jobs?state=waiting"),
    ];
    let cancelled = world.post(Who::OfAcme, change, &fields).await;
    cancelled.leads_to(&format!("{ACME}/jobs?state=waiting&done=job-cancelled"));
    let seen = world
        .get(Who::All, &format!("{ACME}/jobs?state=cancelled"))
        .await;
    seen.shows(&own);
    world
        .get(Who::All, "/dashboard/jobs?state=waiting")
        .await
        .shows(&others);
    assert_eq!(world.actions(&world.acme).await, ["job.cancel"]);
}
