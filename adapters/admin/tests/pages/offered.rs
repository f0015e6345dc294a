use crate::reading::{OF_ALL, OF_TENANT};
use crate::world::{Who, World, tag_of};

#[tokio::test]
async fn nobody_sees_a_page_and_everybody_an_asset() {
    let world = World::new().await;
    for (path, text) in OF_TENANT {
        let seen = world
            .get(Who::Nobody, &format!("/dashboard/tenants/acme{path}"))
            .await;
        assert_eq!(seen.status, 401, "{path}");
        seen.hides(text);
    }
    for path in [
        "",
        "/tenants",
        "/nothing",
        "/tenants/nobody",
        "/switch?tenant=acme",
    ] {
        let seen = world.get(Who::Nobody, &format!("/dashboard{path}")).await;
        assert_eq!(seen.status, 401, "{path}");
    }
    let page = world.get(Who::All, "/dashboard/tenants").await;
    let assets = page
        .body
        .split('"')
        .filter(|text| text.contains("/assets/"));
    let mut count = 0;
    for asset in assets {
        let seen = world.get(Who::Nobody, asset).await;
        assert_eq!(seen.status, 200, "{asset}");
        assert!(
            seen.header("cache-control").contains("immutable"),
            "{asset}"
        );
        count += 1;
    }
    assert!(count >= 4, "a style sheet, two scripts and an icon");
    let stale = "/dashboard/assets/000000000000/app.css";
    assert_eq!(world.get(Who::Nobody, stale).await.status, 404);
}

#[tokio::test]
async fn what_an_operator_may_not_do_is_not_offered_and_refused_all_the_same() {
    let world = World::new().await;
    let all = world.get(Who::All, "/dashboard/tenants/acme").await;
    all.shows("/acme/suspend\"");
    let reader = world.get(Who::Reader, "/dashboard/tenants/acme").await;
    assert_eq!(reader.status, 200);
    for offer in [
        "/acme/suspend",
        "/acme/name\"",
        "/acme/settings\"",
        "/acme/tables\"",
    ] {
        reader.hides(offer);
    }
    let list = world.get(Who::Reader, "/dashboard/tenants").await;
    list.hides("/tenants/new");
    for (path, text) in [
        ("/members", "Add a member"),
        ("/domains", "Claim a domain"),
        ("/cache", "Flush"),
    ] {
        let path = format!("/dashboard/tenants/acme{path}");
        world.get(Who::All, &path).await.shows(text);
        world.get(Who::Reader, &path).await.hides(text);
    }
    for path in [
        "/tenants/new",
        "/tenants/acme/tables",
        "/tenants/acme/tables/orders",
        "/tenants/acme/tables/orders/rows.csv",
    ] {
        let seen = world.get(Who::Reader, &format!("/dashboard{path}")).await;
        assert_eq!(seen.status, 403, "{path}");
        seen.shows("right_missing");
        seen.hides("customer of");
    }
    let tag = tag_of(&world.acme);
    let fields = [
        ("tag", &*tag),
        ("confirm", "acme"),
        ("slug", "new"),
        ("name", "New"),
        ("subject", "u"),
        ("role", "owner"),
        ("domain", "a.example"),
        ("job", "x"),
        ("v.customer", "x"),
    ];
    for path in [
        "/tenants",
        "/tenants/acme/name",
        "/tenants/acme/settings",
        "/tenants/acme/suspend",
        "/tenants/acme/purge",
        "/tenants/acme/members/add",
        "/tenants/acme/members/invite",
        "/tenants/acme/domains/claim",
        "/tenants/acme/cache/flush",
        "/jobs/change",
        "/tenants/acme/tables/orders/new",
    ] {
        let seen = world
            .post(Who::Reader, &format!("/dashboard{path}"), &fields)
            .await;
        assert_eq!(seen.status, 403, "{path}");
    }
    assert_eq!(
        world.tenant("acme").await,
        world.acme,
        "nothing has changed"
    );
    assert!(world.actions(&world.acme).await.is_empty());
}

#[tokio::test]
async fn a_tenant_that_is_not_his_looks_like_one_that_is_not_there() {
    let world = World::new().await;
    for (path, _) in OF_TENANT {
        let seen = |slug: &str| format!("/dashboard/tenants/{slug}{path}");
        let others = world.get(Who::OfAcme, &seen("other")).await;
        let nobodys = world.get(Who::OfAcme, &seen("nobody")).await;
        assert_eq!(others.status, 404, "{path}");
        let same = nobodys.body.replace("nobody", "other");
        assert_eq!(others.body, same, "{path}");
        let own = world.get(Who::OfAcme, &seen("acme")).await;
        assert_eq!(own.status, 200, "{path}");
    }
    let fields = [("tag", &*tag_of(&world.other)), ("confirm", "other")];
    let seen = world
        .post(Who::OfAcme, "/dashboard/tenants/other/suspend", &fields)
        .await;
    assert_eq!(seen.status, 404);
    assert_eq!(world.tenant("other").await, world.other);
    let seen = world
        .get(Who::OfAcme, "/dashboard/switch?tenant=other")
        .await;
    assert_eq!(seen.status, 404);
}

#[tokio::test]
async fn an_operator_of_some_tenants_sees_those_and_nothing_of_all() {
    let world = World::new().await;
    for path in ["", "/tenants", "/switch/slugs"] {
        let seen = world.get(Who::OfAcme, &format!("/dashboard{path}")).await;
        assert_eq!(seen.status, 200, "{path}");
        seen.shows("acme");
        seen.hides("other");
    }
    for path in ["/jobs", "/audit"] {
        let seen = world.get(Who::OfAcme, &format!("/dashboard{path}")).await;
        assert_eq!(seen.status, 403, "{path}");
    }
    for (path, _) in OF_ALL {
        let seen = world.get(Who::OfAcme, &format!("/dashboard{path}")).await;
        seen.hides("The other");
    }
    let fields = [("slug", "mine"), ("name", "Mine")];
    let seen = world.post(Who::OfAcme, "/dashboard/tenants", &fields).await;
    assert_eq!(seen.status, 403, "it would be beyond him");
}
