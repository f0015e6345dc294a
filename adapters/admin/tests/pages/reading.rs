use crate::world::{Who, World};

/// Every page about a tenant, and something that is on it.
pub(crate) const OF_TENANT: [(&str, &str); 10] = [
    ("", "tenant_acme"),
    ("/usage", "Growth"),
    ("/tables", "Orders"),
    ("/tables/orders", "customer of acme"),
    ("/tables/orders/new", "What is left blank"),
    ("/members", "Nobody is a member"),
    ("/domains", "No domain is claimed"),
    ("/jobs", "mail.welcome"),
    ("/cache", "Hit rate"),
    ("/audit", "No entries"),
];

/// Every page about all tenants, and something that is on it.
pub(crate) const OF_ALL: [(&str, &str); 5] = [
    ("", "Top tenants"),
    ("/tenants", "The other"),
    ("/tenants/new", "Create and provision"),
    ("/jobs", "Those of every tenant"),
    ("/audit", "Audit log"),
];

#[tokio::test]
async fn every_page_is_served_whole_and_names_its_tenant() {
    let world = World::new().await;
    for (path, text) in OF_TENANT {
        let path = format!("/dashboard/tenants/acme{path}");
        let seen = world.get(Who::All, &path).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.body);
        seen.shows(text);
        seen.shows("value=\"acme\"");
        seen.shows("</html>");
        seen.hides("customer of other");
    }
    for (path, text) in OF_ALL {
        let path = format!("/dashboard{path}");
        let seen = world.get(Who::All, &path).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.body);
        seen.shows(text);
    }
}

#[tokio::test]
async fn the_list_is_filtered_searched_and_paged() {
    let world = World::new().await;
    let path = "/dashboard/tenants";
    let found = world.get(Who::All, &format!("{path}?search=OTH")).await;
    found.shows("/tenants/other\"");
    found.hides("/tenants/acme\"");
    let none = world
        .get(Who::All, &format!("{path}?status=suspended"))
        .await;
    none.shows("No tenant matches");
    let odd = world
        .get(Who::All, &format!("{path}?status=odd&cursor=odd"))
        .await;
    odd.shows("/tenants/acme\"");
    for number in 0..25 {
        let (slug, name) = (format!("more-{number}"), format!("More {number}"));
        let fields = [("slug", &*slug), ("name", &*name), ("settings", "")];
        let made = world.post(Who::All, path, &fields).await;
        made.leads_to(&format!("{path}/{slug}?done=created"));
    }
    let first = world.get(Who::All, path).await;
    first.shows("Next page");
    let (_, rest) = first.body.split_once("rel=\"next\"").unwrap();
    assert!(rest.contains("Next page"));
    let links = first
        .body
        .split("href=\"")
        .filter(|link| link.contains("cursor="));
    let next = links
        .last()
        .and_then(|link| link.split('"').next())
        .unwrap();
    let second = world.get(Who::All, next).await;
    second.shows("First page");
    second.hides("/tenants/acme\"");
}

#[tokio::test]
async fn the_switch_goes_to_the_same_page_of_another_tenant() {
    let world = World::new().await;
    let at = |tenant: &str, to: &str| format!("/dashboard/switch?tenant={tenant}&to={to}");
    let seen = world.get(Who::All, &at("other", "jobs")).await;
    seen.leads_to("/dashboard/tenants/other/jobs");
    let seen = world.get(Who::All, &at("other", "..%2F..")).await;
    seen.leads_to("/dashboard/tenants/other");
    assert_eq!(world.get(Who::All, &at("nobody", "")).await.status, 404);
    let offered = world
        .get(Who::All, "/dashboard/switch/slugs?tenant=ac")
        .await;
    assert_eq!(offered.body, "<option value=\"acme\"></option>");
}

#[tokio::test]
async fn the_log_of_a_tenant_is_shown_newest_first_and_verified() {
    let world = World::new().await;
    for _ in 0..30 {
        let flushed = world
            .post(Who::All, "/dashboard/tenants/acme/cache/flush", &[])
            .await;
        flushed.leads_to("/dashboard/tenants/acme/cache?done=cache-flushed");
    }
    let path = "/dashboard/tenants/acme/audit";
    let newest = world.get(Who::All, path).await;
    newest.shows("30 entries");
    newest.shows("?before=6");
    let older = world.get(Who::All, &format!("{path}?before=6")).await;
    assert_eq!(older.body.matches("cache.flush").count(), 5);
    older.shows("Newest");
    let verified = world.get(Who::All, &format!("{path}?verify=1")).await;
    verified.shows("Nothing is wrong with these 30 entries");
}

#[tokio::test]
async fn plots_are_tables_that_can_be_read() {
    let world = World::new().await;
    let seen = world.get(Who::All, "/dashboard/tenants/acme/usage").await;
    seen.shows("<td class=\"number\" data-value=\"123456\">123 kB</td>");
    seen.shows("data-plot=\"count\"");
    let one = world
        .get(
            Who::All,
            "/dashboard/tenants/acme/usage?table=orders&days=7",
        )
        .await;
    one.shows("Growth of <span class=\"mono\">orders</span>");
    let none = world
        .get(Who::All, "/dashboard/tenants/acme/usage?table=nothing")
        .await;
    none.shows("No samples");
}

#[tokio::test]
async fn requests_of_this_process_are_shown_where_the_host_counts_them() {
    let world = World::new().await;
    let overview = world.get(Who::All, "/dashboard").await;
    overview.shows("Busiest tenants");
    overview.shows("<td data-label=\"Requests\" class=\"number\">3</td>");
    let usage = world.get(Who::All, "/dashboard/tenants/acme/usage").await;
    usage.shows(
        "<td class=\"number\" data-value=\"3\">3</td><td class=\"number\" data-value=\"1\">1</td>",
    );
    usage.shows("20 ms");
}
