use crate::world::{Answer, World, refused};

fn slugs(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let items = json["items"].as_array().unwrap().iter();
    items
        .map(|tenant| tenant["slug"].as_str().unwrap().to_owned())
        .collect()
}

/// The target of a `Link` header to the next page.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?;
    let target = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(target.to_owned())
}

#[tokio::test]
async fn following_the_links_shows_every_tenant_once_in_the_order_of_creation() {
    let world = World::new().await;
    let all = ["one", "two", "three", "four", "five"];
    for slug in all {
        world.active(slug).await;
    }
    let (mut seen, mut pages) = (Vec::new(), 0);
    let mut path = Some("/api/tenants?limit=2&status=active,pending".to_owned());
    while let Some(page) = path {
        let answer = world.server.by_all("GET", &page).send().await;
        let items = slugs(&answer);
        assert!(items.len() <= 2);
        seen.extend(items);
        pages += 1;
        path = next(&answer);
        assert_eq!(path.is_some(), answer.json()["next"].is_string());
    }
    assert_eq!(seen, all);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn tenants_are_filtered_by_status_and_by_a_part_of_the_slug_and_the_filter_is_kept() {
    let world = World::new().await;
    for slug in ["acme", "acme-labs", "acme-shop", "other"] {
        world.active(slug).await;
    }
    let call = world
        .server
        .by_all("POST", "/api/tenants/acme-shop/suspend");
    call.header("if-match", "*").send().await.tenant();
    let list = async |path: &str| world.server.by_all("GET", path).send().await;

    let suspended = list("/api/tenants?status=suspended").await;
    assert_eq!(slugs(&suspended), ["acme-shop"]);
    let active = list("/api/tenants?status=active&search=ACME&limit=1").await;
    assert_eq!(slugs(&active), ["acme"]);
    let second = list(&next(&active).unwrap()).await;
    assert_eq!(slugs(&second), ["acme-labs"]);
    assert_eq!(next(&second), None);
    assert!(slugs(&list("/api/tenants?search=%25").await).is_empty());
}

#[tokio::test]
async fn a_query_that_means_nothing_is_refused_and_not_ignored() {
    let world = World::new().await;
    for (query, reason) in [
        ("state=active", "query_invalid"),
        ("status=gone", "query_invalid"),
        ("status=", "query_invalid"),
        ("search=", "query_invalid"),
        ("search=a%00b", "query_invalid"),
        ("limit=ten", "query_invalid"),
        ("limit=0", "limit_invalid"),
        ("limit=501", "limit_invalid"),
        ("cursor=elsewhere", "cursor_invalid"),
    ] {
        let path = format!("/api/tenants?{query}");
        let answer = world.server.by_all("GET", &path).send().await;
        assert_eq!(answer.problem(), refused(400, reason), "{query}");
    }
}
