//! What tenants keep in the cache, over HTTP.

use axum::Extension;
use axum::extract::State;
use serde::Serialize;
use tenantry::TenantId;
use tenantry::cache::{CacheOwner, CacheService, CacheStatistics, OperatorCache};
use utoipa::ToSchema;

use crate::access::{Operator, Right};
use crate::audit::Act;
use crate::body::Nothing;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;
use crate::routes::Routes;
use crate::state::{Admin, Part};
use crate::tenants::Found;

/// Every route of the cache.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .mount::<__path_read, _, _>(Right::Read, read)
        .mount::<__path_flush, _, _>(Right::Manage, flush)
}

/// What a tenant keeps in the cache, and how that has served this process since it began.
#[derive(Serialize, ToSchema)]
#[schema(as = Cache)]
pub(crate) struct CacheView {
    /// Entries.
    keys: u64,
    /// Bytes of the stored keys and of the values.
    bytes: u64,
    /// Reads that found an entry.
    hits: usize,
    /// Reads that found none.
    misses: usize,
    /// Values that couldn't be decoded, and counted as misses too.
    undecodable: usize,
    /// Times that the cache couldn't be asked or wouldn't keep a value, and that was got over.
    bypassed: usize,
}

impl From<CacheStatistics> for CacheView {
    fn from(statistics: CacheStatistics) -> Self {
        Self {
            keys: statistics.usage.keys,
            bytes: statistics.usage.bytes,
            hits: statistics.hits,
            misses: statistics.misses,
            undecodable: statistics.undecodable,
            bypassed: statistics.bypassed,
        }
    }
}

/// What a flush removed.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlushView {
    /// How many entries.
    removed: u64,
}

/// Count what a tenant keeps in the cache.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/cache",
    operation_id = "read_cache",
    responses((status = 200, description = "What it keeps.", body = CacheView))
)]
async fn read(
    Part(caches): Part<CacheService>,
    Found(tenant): Found,
) -> Result<axum::Json<CacheView>, Refusal> {
    let statistics = cache_of(&caches, tenant.id()).statistics().await;
    let statistics = statistics.map_err(PartRefusal::Cache)?;
    Ok(axum::Json(statistics.into()))
}

/// Remove what a tenant keeps in the cache. Nobody else's entries are touched.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/cache/flush",
    operation_id = "flush_cache",
    responses((status = 200, description = "What was removed.", body = FlushView))
)]
async fn flush(
    State(admin): State<Admin>,
    Part(caches): Part<CacheService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    _: Nothing,
) -> Result<axum::Json<FlushView>, Refusal> {
    let act = Act::in_tenant(tenant.id(), "cache.flush", tenant.slug());
    let flushed = async {
        let removed = cache_of(&caches, tenant.id()).flush().await;
        Ok(removed.map_err(PartRefusal::Cache)?)
    };
    let removed = admin.audited(&operator, act, flushed).await?;
    Ok(axum::Json(FlushView { removed }))
}

fn cache_of(caches: &CacheService, tenant: TenantId) -> OperatorCache {
    caches.for_operator(CacheOwner::Tenant(tenant))
}
