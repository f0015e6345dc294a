use crate::reading::{OF_ALL, OF_TENANT};
use crate::world::{Who, World, tag_of};

#[tokio::test]
async fn no_page_has_a_script_or_a_style_of_its_own_and_each_forbids_them() {
    let world = World::new().await;
    let paths = OF_TENANT
        .iter()
        .map(|(path, _)| format!("/dashboard/tenants/acme{path}"));
    let paths = paths.chain(OF_ALL.iter().map(|(path, _)| format!("/dashboard{path}")));
    for path in paths {
        let seen = world.get(Who::All, &path).await;
        let policy = seen.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(seen.header("cache-control"), "no-store", "{path}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
        for script in seen.body.split("<script").skip(1) {
            assert!(script.trim_start().starts_with("src=\""), "{path}");
        }
        for own in [
            "<style",
            " style=",
            " onclick=",
            " onchange=",
            " onsubmit=",
            "javascript:",
        ] {
            seen.hides(own);
        }
    }
}

#[tokio::test]
async fn what_somebody_typed_is_text_wherever_it_is_shown() {
    let world = World::new().await;
    let nasty = "<img src=x onerror=alert(1)>\"'&";
    let tag = tag_of(&world.acme);
    let path = "/dashboard/tenants/acme";
    let fields = [("tag", &*tag), ("name", nasty)];
    assert_eq!(
        world
            .post(Who::All, &format!("{path}/name"), &fields)
            .await
            .status,
        303
    );
    let fields = [("v.customer", nasty)];
    assert_eq!(
        world
            .post(Who::All, &format!("{path}/tables/orders/new"), &fields)
            .await
            .status,
        303
    );
    let typed = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%22'%26";
    for path in [
        "/dashboard/tenants".into(),
        path.into(),
        format!("{path}/tables/orders"),
        format!("{path}/tables/orders?filter=customer:eq:{typed}"),
        format!("/dashboard/tenants?search={typed}"),
    ] {
        let seen = world.get(Who::All, &path).await;
        seen.hides("<img");
        seen.shows("onerror=alert(1)");
    }
}
