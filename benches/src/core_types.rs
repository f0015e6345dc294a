use std::hint::black_box;

use chrono::{DateTime, Utc};
use criterion::Criterion;
use serde_json::json;
use tenantry::cache::{CacheKey, KeySpace, Namespace};
use tenantry::{
    Actor, BoxError, SchemaName, Settings, Slug, Tenant, TenantContext, TenantId, TenantName,
    TenantParts, TenantStatus, Version,
};

use crate::results::Row;
use crate::timing::one_by_one;
use crate::{Effort, Operation, Spent};

const GROUP: &str = "core";
const SLUG: &str = "acme-laboratories-of-the-north";
const REFUSED: &str = "acme_laboratories";
const KEY: &str = "user:42:profile";

/// Registers what needs no store: checking a slug, naming its schema, making a context, its way through JSON, and a tenant's cache key.
///
/// # Errors
/// Never, unless the core refuses what these benchmarks give it.
pub fn core_types(criterion: &mut Criterion) -> Result<Vec<Row>, BoxError> {
    let slug = Slug::new(SLUG)?;
    let tenant = active_tenant(slug)?;
    let actor = Actor::named("user:42")?;
    let context = TenantContext::of(&tenant, actor.clone())?;
    let key = CacheKey::new(KEY)?;
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
    bench("cache key of a tenant", &|| {
        black_box(KeySpace::of(black_box(&context)).key(black_box(&key)));
    });
    group.finish();
    rows.extend(cache_keys(criterion, &context, &key)?);
    Ok(rows)
}

/// Registers making stored keys, against the same text written by hand, which escapes nothing.
fn cache_keys(
    criterion: &mut Criterion,
    context: &TenantContext,
    key: &CacheKey,
) -> Result<Vec<Row>, BoxError> {
    const KEYS: &str = "core: cache keys";
    const BY_HAND: &str = "by hand: the same text, nothing escaped";
    let space = KeySpace::of(context);
    let nested = space.nested(&Namespace::new("users")?)?;
    let prefix = space.prefix().to_owned();

    let mut rows = Vec::new();
    let mut group = criterion.benchmark_group(KEYS);
    let mut bench = |name: &str, floor: Option<&str>, operation: &dyn Fn()| {
        group.bench_function(name, |bencher| bencher.iter(operation));
        rows.push(Row::new(KEYS, name, floor.map(str::to_owned)));
    };
    bench(BY_HAND, None, &|| {
        black_box(format!("{}{}", black_box(&prefix), black_box(KEY)));
    });
    bench("key in a space that is kept", Some(BY_HAND), &|| {
        black_box(black_box(&space).key(black_box(key)));
    });
    bench("key in a namespace that is kept", Some(BY_HAND), &|| {
        black_box(black_box(&nested).key(black_box(key)));
    });
    bench(
        "from the context and the key's text",
        Some(BY_HAND),
        &|| {
            let key = CacheKey::new(black_box(KEY));
            let _ = black_box(key.map(|key| KeySpace::of(black_box(context)).key(&key)));
        },
    );
    group.finish();
    Ok(rows)
}

/// Times the rows of the budget that need no store: from a text to the tenant's own cache key.
///
/// # Errors
/// Never, unless the core refuses what it is given here.
pub(crate) fn core_budget(effort: &Effort) -> Result<Vec<Spent>, BoxError> {
    let context = context()?;
    let stored = || {
        let key = CacheKey::new(black_box(KEY)).map(|key| KeySpace::of(&context).key(&key));
        drop(black_box(key));
    };
    Ok(vec![Spent {
        operation: Operation::CacheKey,
        how: "a key of 15 characters, with the reading of the clock".to_owned(),
        times: one_by_one(effort.latencies, stored),
    }])
}

/// The context of a tenant that no store knows.
pub(crate) fn context() -> Result<TenantContext, BoxError> {
    let tenant = active_tenant(Slug::new(SLUG)?)?;
    Ok(TenantContext::of(&tenant, Actor::system())?)
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
