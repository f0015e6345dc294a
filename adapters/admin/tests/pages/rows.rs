use tenantry::Actor;
use tenantry::lifecycle::Command;

use crate::world::{Seen, Who, World};

const ORDERS: &str = "/dashboard/tenants/acme/tables/orders";

/// The page of the first row, and the version that its forms send.
async fn first_row(world: &World) -> (String, Seen, String) {
    let seen = world.get(Who::All, ORDERS).await;
    let (_, rest) = seen.body.split_once(&format!("{ORDERS}/row/")).unwrap();
    let path = format!("{ORDERS}/row/{}", rest.split('"').next().unwrap());
    let page = world.get(Who::All, &path).await;
    let (_, rest) = page.body.split_once("name=\"version\" value=\"").unwrap();
    let version = rest.split('"').next().unwrap().to_owned();
    (path, page, version)
}

#[tokio::test]
async fn rows_are_of_one_tenant_and_filtered_by_its_page() {
    let world = World::new().await;
    let seen = world.get(Who::All, ORDERS).await;
    seen.shows("customer of acme");
    seen.hides("customer of other");
    let path = format!("{ORDERS}?where=customer%3Acontains&value=acme&sort=-customer");
    let found = world.get(Who::All, &path).await;
    found.shows("customer of acme");
    found.shows("aria-sort=\"descending\"");
    found.shows("Customer contains acme");
    let none = world
        .get(Who::All, &format!("{ORDERS}?filter=customer%3Aeq%3Aother"))
        .await;
    none.shows("No row matches");
    let bad = world
        .get(Who::All, &format!("{ORDERS}?filter=id%3Aeq%3Aacme"))
        .await;
    assert_eq!(bad.status, 422);
    bad.shows("a whole number of at most 64 bits");
    for nothing in [
        "/dashboard/tenants/acme/tables/tenants",
        "/dashboard/tenants/acme/tables/orders/row/00",
    ] {
        assert_eq!(world.get(Who::All, nothing).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn a_row_is_changed_added_and_deleted_and_each_is_in_the_log() {
    let world = World::new().await;
    let (path, page, version) = first_row(&world).await;
    page.shows("value=\"customer of acme\"");
    let fields = [
        ("version", &*version),
        ("v.customer", "Ada"),
        ("v.total", "12.50"),
    ];
    let saved = world.post(Who::All, &path, &fields).await;
    saved.leads_to(&format!("{path}?done=row-changed"));
    world.get(Who::All, &path).await.shows("value=\"Ada\"");
    let stale = world
        .post(
            Who::All,
            &path,
            &[
                ("version", &version),
                ("v.customer", "Bob"),
                ("v.total", "1"),
            ],
        )
        .await;
    assert!(stale.status.is_client_error(), "it was changed since");
    stale.shows("changed since it was read");

    let wrong = world
        .post(
            Who::All,
            &format!("{ORDERS}/new"),
            &[("v.customer", "New"), ("v.total", "much")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    wrong.shows("id=\"wrong-total\"");
    let added = world
        .post(
            Who::All,
            &format!("{ORDERS}/new"),
            &[("v.customer", "New"), ("null.total", "1")],
        )
        .await;
    assert_eq!(added.status, 303);

    let (path, _, version) = first_row(&world).await;
    let unmeant = world
        .post(
            Who::All,
            &format!("{path}/delete"),
            &[("version", &version)],
        )
        .await;
    assert_eq!(unmeant.status, 422);
    let fields = [("version", &*version), ("confirm", "yes")];
    let deleted = world
        .post(Who::All, &format!("{path}/delete"), &fields)
        .await;
    deleted.leads_to(&format!("{ORDERS}?done=row-deleted"));
    let left = world.get(Who::All, ORDERS).await;
    left.hides("Ada");
    left.shows("New");
    assert_eq!(
        world.actions(&world.acme).await,
        ["row.updated", "row.inserted", "row.deleted"]
    );
    let other = world
        .get(Who::All, "/dashboard/tenants/other/tables/orders")
        .await;
    other.shows("customer of other");
}

#[tokio::test]
async fn csv_is_this_tenants_rows_and_who_took_them_is_in_the_log() {
    let world = World::new().await;
    let seen = world.get(Who::All, &format!("{ORDERS}/rows.csv")).await;
    assert_eq!(seen.status, 200);
    assert!(seen.header("content-type").starts_with("text/csv"));
    assert!(
        seen.header("content-disposition")
            .contains("acme-orders.csv")
    );
    assert_eq!(seen.body.lines().next(), Some("id,customer,total"));
    seen.shows("customer of acme");
    seen.hides("customer of other");
    let filtered = format!("{ORDERS}/rows.csv?filter=customer:contains:secret");
    let none = world.get(Who::All, &filtered).await;
    assert_eq!(
        none.body.lines().count(),
        1,
        "the names of the columns alone"
    );
    assert_eq!(
        world.actions(&world.acme).await,
        ["table.export", "table.export"]
    );
    let log = world.get(Who::All, "/dashboard/tenants/acme/audit").await;
    log.shows("filtered_by");
    log.hides("secret");
}

#[tokio::test]
async fn a_suspended_tenants_rows_are_shown_and_stay_as_they_are() {
    let world = World::new().await;
    let (path, _, version) = first_row(&world).await;
    let suspend = Command::Suspend;
    world
        .service
        .apply(world.acme.id(), suspend, None, &Actor::system())
        .await
        .unwrap();
    let seen = world.get(Who::All, ORDERS).await;
    seen.shows("customer of acme");
    seen.hides("Add a row");
    world
        .get(Who::All, &path)
        .await
        .hides("name=\"v.customer\"");
    let fields = [
        ("version", &*version),
        ("v.customer", "Ada"),
        ("confirm", "yes"),
    ];
    for path in [
        path.clone(),
        format!("{path}/delete"),
        format!("{ORDERS}/new"),
    ] {
        let seen = world.post(Who::All, &path, &fields).await;
        assert!(
            !seen.status.is_success() && seen.status != 303,
            "{path}: {}",
            seen.status
        );
    }
    world.get(Who::All, ORDERS).await.shows("customer of acme");
}
