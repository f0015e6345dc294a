use std::hint::black_box;

use chrono::{DateTime, Utc};
use criterion::Criterion;
use serde_json::json;
use tenantry::{
    Actor, BoxError, SchemaName, Settings, Slug, Tenant, TenantContext, TenantId, TenantName,
    TenantParts, TenantStatus, Version,
};

use crate::results::Row;

const GROUP: &str = "core";
const SLUG: &str = "acme-laboratories-of-the-north";
const REFUSED: &str = "acme_laboratories";

/// Registers what needs no store: checking a slug, naming its schema, making a context, and its way through JSON.
///
/// # Errors
/// Never, unless the core refuses what these benchmarks give it.
pub fn core_types(criterion: &mut Criterion) -> Result<Vec<Row>, BoxError> {
    let slug = Slug::new(SLUG)?;
    let tenant = active_tenant(slug)?;
    let actor = Actor::named("user:42")?;
    let context = TenantContext::of(&tenant, actor.clone())?;
    let text = serde_json::to_string(&context)?;

    let mut rows = Vec::new();
    let mut group = criterion.benchmark_group(GROUP);
    let mut bench = |name: &str, operation: &dyn Fn()| {
        group.bench_function(name, |bencher| bencher.iter(operation));
        rows.push(Row::without_floor(GROUP, name));
    };
    bench("slug: accept", &|| {
        let _ = black_box(Slug::new(black_box(SLUG)));
    });
    bench("slug: refuse", &|| {
        let _ = black_box(Slug::new(black_box(REFUSED)));
    });
    bench("schema name of a slug", &|| {
        black_box(SchemaName::of(black_box(&slug)));
    });
    bench("context of a tenant", &|| {
        let _ = black_box(TenantContext::of(black_box(&tenant), actor.clone()));
    });
    bench("context to JSON", &|| {
        let _ = black_box(serde_json::to_string(black_box(&context)));
    });
    bench("context from JSON", &|| {
        let _ = black_box(serde_json::from_str::<TenantContext>(black_box(&text)));
    });
    group.finish();
    Ok(rows)
}

fn active_tenant(slug: Slug) -> Result<Tenant, BoxError> {
    let made_at: DateTime<Utc> = DateTime::UNIX_EPOCH;
    Ok(Tenant::restore(TenantParts {
        id: TenantId::from_parts(made_at, [7; 10]),
        slug,
        name: TenantName::new("Acme Laboratories of the North")?,
        status: TenantStatus::Active,
        version: Version::FIRST.next(),
        created_at: made_at,
        provisioned_at: Some(made_at),
        settings: Settings::new(json!({ "plan": "pro", "seats": 25 }))?,
    })?)
}
