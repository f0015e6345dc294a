use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tenantry::TenantId;
use tenantry::usage::{RowCount, Size, TableSize, UsageSample};

use crate::parts::Parts;
use crate::world::{Server, Tenant, World, refused};

fn at(days: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::days(days)
}

fn sample(tenant: &Tenant, days: i64, rows: u64) -> UsageSample {
    let size = Size {
        rows: RowCount::Exact(rows),
        bytes: rows * 100,
        index_bytes: rows * 10,
    };
    let table = |table: &str| TableSize {
        table: table.into(),
        size,
    };
    UsageSample {
        tenant: tenant.id.parse::<TenantId>().unwrap(),
        at: at(days),
        tables: vec![table("notes"), table("tags")],
    }
}

#[tokio::test]
async fn a_tenants_tables_are_measured_and_samples_show_how_they_grew() {
    let world = World::new().await;
    usage_lives(&world.server, &world.parts).await;
}

/// The same over any stores.
pub(crate) async fn usage_lives(server: &Server, parts: &Parts) {
    let (acme, other) = (server.create("acme").await, server.create("other").await);
    let path = |tenant: &Tenant| format!("/api/tenants/{}/usage", tenant.id);
    let now = server.by_all("GET", &path(&acme)).send().await.json();
    let tables = now["tables"].as_array().unwrap();
    assert!(tables.iter().any(|it| it["table"] == "notes"), "{now}");
    let sum = |name: &str| {
        tables
            .iter()
            .map(|it| it["size"][name].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(now["total"]["bytes"], sum("bytes"));

    let samples = [
        sample(&acme, 1, 1),
        sample(&acme, 2, 2),
        sample(&acme, 3, 5),
        sample(&other, 3, 3),
    ];
    parts.samples.record(&samples).await.unwrap();
    let series = async |query: &str| {
        let path = format!("{}/samples?{query}", path(&acme));
        let series = server.by_all("GET", &path).send().await.json();
        let items = series["items"].as_array().unwrap().iter();
        items
            .map(|it| it["size"]["rows"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let time = |days| at(days).to_rfc3339().replace("+00:00", "Z");
    let all = format!("from={}&until={}", time(0), time(9));
    assert_eq!(series(&all).await, [2, 4, 10], "nobody else's");
    assert_eq!(series(&format!("{all}&table=notes")).await, [1, 2, 5]);
    assert_eq!(series(&format!("{all}&points=1")).await, [10]);
    assert_eq!(
        series(&format!("from={}&until={}", time(2), time(3))).await,
        [4]
    );
    assert_eq!(
        series(&format!("from={}&until={}", time(3), time(2))).await,
        [] as [u64; 0]
    );
    assert_eq!(series("").await, [] as [u64; 0], "they are old");

    let top = server
        .by_all("GET", "/api/usage/top?by=rows&limit=1")
        .send()
        .await
        .json();
    assert_eq!(top["items"].as_array().unwrap().len(), 1);
    assert_eq!(top["items"][0]["tenant"], acme.json["id"]);
    let top = server.by_all("GET", "/api/usage/top").send().await.json();
    assert_eq!(top["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_tenant_without_a_schema_has_nothing_and_an_odd_query_is_refused() {
    let world = World::new().await;
    world.schemas.break_down(true);
    let body = json!({ "slug": "acme", "name": "Acme" });
    world
        .server
        .by_all("POST", "/api/tenants")
        .json(&body)
        .send()
        .await;
    let path = "/api/tenants/acme/usage";
    let now = world.server.by_all("GET", path).send().await.json();
    assert_eq!(
        (&now["tables"], &now["total"]["bytes"]),
        (&json!([]), &Value::from(0))
    );
    for (path, reason) in [
        (
            "/api/tenants/acme/usage/samples?from=yesterday",
            "query_invalid",
        ),
        ("/api/tenants/acme/usage/samples?table=", "query_invalid"),
        ("/api/tenants/acme/usage/samples?points=0", "limit_invalid"),
        ("/api/usage/top?by=weight", "query_invalid"),
    ] {
        let answer = world.server.by_all("GET", path).send().await;
        assert_eq!(answer.problem(), refused(400, reason), "{path}");
    }
}
