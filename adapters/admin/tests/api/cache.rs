use serde_json::json;
use tenantry::cache::{CacheExt, CacheKey};
use tenantry::{Actor, TenantContext, TenantId};

use crate::world::{READER, Tenant, World, refused};

async fn keep(world: &World, tenant: &Tenant, key: &str) {
    let id: TenantId = tenant.id.parse().unwrap();
    let record = world.service.find(id).await.unwrap();
    let context = TenantContext::of(&record, Actor::system()).unwrap();
    let cache = world.parts.cache.tenant(&context);
    let key = CacheKey::new(key).unwrap();
    cache.set_as(&key, &"value", None).await.unwrap();
    cache.get_as::<String>(&key).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_tenants_entries_are_counted_and_flushed_and_nobody_elses() {
    let world = World::new().await;
    let (acme, other) = (world.active("acme").await, world.active("other").await);
    for tenant in [&acme, &other] {
        keep(&world, tenant, "one").await;
        keep(&world, tenant, "two").await;
    }
    let path = |tenant: &Tenant| format!("/api/tenants/{}/cache", tenant.id);
    let read = async |tenant: &Tenant| {
        world
            .server
            .by_all("GET", &path(tenant))
            .send()
            .await
            .json()
    };
    let counted = read(&acme).await;
    assert_eq!((&counted["keys"], &counted["hits"]), (&json!(2), &json!(2)));

    let flush = format!("{}/flush", path(&acme));
    let refusal = world.server.call("POST", &flush).by(READER).send().await;
    assert_eq!(refusal.problem(), refused(403, "right_missing"));
    let flushed = world.server.by_all("POST", &flush).send().await;
    assert_eq!(flushed.json(), json!({ "removed": 2 }));
    assert_eq!(read(&acme).await["keys"], 0);
    assert_eq!(read(&other).await["keys"], 2, "another's stay");
}
