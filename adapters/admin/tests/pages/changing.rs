use tenantry::TenantStatus;

use crate::world::{Who, World, tag_of};

const ACME: &str = "/dashboard/tenants/acme";

#[tokio::test]
async fn a_life_is_led_by_forms_alone() {
    let world = World::new().await;
    let path = "/dashboard/tenants";
    let fields = [
        ("slug", "new"),
        ("name", "New & shiny"),
        ("settings", "{\"a\":1}"),
    ];
    let made = world.post(Who::All, path, &fields).await;
    made.leads_to("/dashboard/tenants/new?done=created");
    world
        .get(Who::All, "/dashboard/tenants/new?done=created")
        .await; // the form; the tenant is at its id
    let mut tenant = world.tenant("new").await;
    while tenant.status() == TenantStatus::Pending {
        tokio::task::yield_now().await;
        tenant = world.tenant("new").await;
    }
    for (action, status) in [
        ("suspend", TenantStatus::Suspended),
        ("activate", TenantStatus::Active),
        ("suspend", TenantStatus::Suspended),
        ("delete", TenantStatus::Deleted),
    ] {
        let tag = tag_of(&world.tenant("new").await);
        let fields = [("tag", &*tag), ("confirm", "new")];
        let id = tenant.id();
        let done = world
            .post(Who::All, &format!("{path}/{id}/{action}"), &fields)
            .await;
        assert_eq!(done.status, 303, "{action}: {}", done.body);
        assert_eq!(world.tenant("new").await.status(), status);
    }
    let tag = tag_of(&world.tenant("new").await);
    let fields = [("tag", &*tag), ("confirm", "new")];
    let purged = world
        .post(Who::All, &format!("{path}/{}/purge", tenant.id()), &fields)
        .await;
    purged.leads_to("/dashboard/tenants?done=purged");
    let seen = world.get(Who::All, "/dashboard/tenants?done=purged").await;
    seen.shows("its slug is free");
    let actions = world.actions(&tenant).await;
    let expected = [
        "tenant.provision",
        "tenant.suspend",
        "tenant.activate",
        "tenant.suspend",
        "tenant.delete",
        "tenant.purge",
    ];
    assert_eq!(actions, expected);
}

#[tokio::test]
async fn a_name_and_settings_are_changed_and_what_is_wrong_is_said_beside_the_field() {
    let world = World::new().await;
    let tag = tag_of(&world.acme);
    let renamed = world
        .post(
            Who::All,
            &format!("{ACME}/name"),
            &[("tag", &tag), ("name", "Better")],
        )
        .await;
    renamed.leads_to("/dashboard/tenants/acme?done=renamed");
    let tag = tag_of(&world.tenant("acme").await);
    let wrong = world
        .post(
            Who::All,
            &format!("{ACME}/settings"),
            &[("tag", &tag), ("settings", "[1]")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    wrong.shows("id=\"settings-wrong\"");
    wrong.shows(">[1]</textarea>");
    let fields = [("tag", &*tag), ("settings", "{\"plan\": \"free\"}")];
    let replaced = world
        .post(Who::All, &format!("{ACME}/settings"), &fields)
        .await;
    assert_eq!(replaced.status, 303);
    let tenant = world.tenant("acme").await;
    assert_eq!(tenant.name().as_str(), "Better");
    assert_eq!(tenant.settings().get("plan"), Some(&"free".into()));
}

#[tokio::test]
async fn a_new_tenant_that_cannot_be_is_shown_with_what_was_typed() {
    let world = World::new().await;
    for (slug, text) in [
        ("Bad Slug", "id=\"slug-wrong\""),
        ("admin", "id=\"slug-wrong\""),
        ("acme", "id=\"slug-wrong\""),
    ] {
        let fields = [("slug", slug), ("name", "Some \"name\""), ("settings", "")];
        let seen = world.post(Who::All, "/dashboard/tenants", &fields).await;
        assert!(seen.status.is_client_error(), "{slug}");
        seen.shows(text);
        seen.shows("aria-invalid=\"true\"");
        seen.shows(&format!("value=\"{slug}\""));
        seen.hides("Some \"name\"");
    }
    let fields = [("slug", "fine"), ("name", ""), ("settings", "{")];
    let seen = world.post(Who::All, "/dashboard/tenants", &fields).await;
    assert_eq!(seen.status, 422);
    seen.shows("id=\"name-wrong\"");
    seen.shows("id=\"settings-wrong\"");
}

#[tokio::test]
async fn what_was_not_meant_is_not_done() {
    let world = World::new().await;
    let (tag, path) = (tag_of(&world.acme), format!("{ACME}/suspend"));
    let unconfirmed = world
        .post(Who::All, &path, &[("tag", &tag), ("confirm", "acm")])
        .await;
    assert_eq!(unconfirmed.status, 422);
    unconfirmed.shows("type acme to confirm it");
    let stale = [("tag", &*tag_of(&world.other)), ("confirm", "acme")];
    let stale = world.post(Who::All, &path, &stale).await;
    assert_eq!(stale.status, 412);
    stale.shows("has changed since it was read");
    let fields = [("tag", &*tag), ("confirm", "acme")];
    let forged = world
        .post_from(Who::All, &path, &fields, "cross-site")
        .await;
    assert_eq!(forged.status, 403);
    assert_eq!(
        world.tenant("acme").await,
        world.acme,
        "nothing has changed"
    );
    let meant = world.post(Who::All, &path, &fields).await;
    assert_eq!(meant.status, 303, "the control");
    let again = world.post(Who::All, &path, &fields).await;
    assert_eq!(again.status, 412, "the page that it was sent from is stale");
}

#[tokio::test]
async fn colours_are_kept_in_a_cookie_and_lead_nowhere_else() {
    let world = World::new().await;
    let path = "/dashboard/theme";
    let seen = world
        .post(
            Who::All,
            path,
            &[("theme", "dark"), ("back", "/tenants?search=a")],
        )
        .await;
    seen.leads_to("/dashboard/tenants?search=a");
    assert!(
        seen.header("set-cookie")
            .starts_with("tenantry_theme=dark;")
    );
    for elsewhere in [
        "//evil.example",
        "https://evil.example",
        ".evil.example",
        "@evil.example",
    ] {
        let seen = world
            .post(Who::All, path, &[("theme", "odd"), ("back", elsewhere)])
            .await;
        assert!(
            seen.header("location").starts_with("/dashboard"),
            "{elsewhere}"
        );
        assert!(
            !seen.header("location").starts_with("/dashboard."),
            "{elsewhere}"
        );
        assert!(
            !seen.header("location").starts_with("/dashboard@"),
            "{elsewhere}"
        );
        assert!(
            seen.header("set-cookie")
                .starts_with("tenantry_theme=system;")
        );
    }
}
