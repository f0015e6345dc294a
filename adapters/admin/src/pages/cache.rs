//! What a tenant keeps in the cache.

use askama::Template;
use axum::response::Response;
use tenantry::Tenant;
use tenantry::cache::{CacheOwner, OperatorCache};

use super::done::Done;
use super::failure::Failure;
use super::form::Form;
use super::html::Page;
use super::shell::{Place, Section, Shell};
use super::tenants::Chosen;
use super::words::{bytes, count, share};
use crate::access::Right;
use crate::audit::Act;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

/// How much there is, and how it has served.
pub(super) async fn show(chosen: Chosen) -> Result<Page<CachePage>, Failure> {
    let statistics = chosen.cache(Right::Read)?.statistics().await;
    let statistics = statistics.map_err(PartRefusal::Cache)?;
    let (hits, misses) = (statistics.hits as u64, statistics.misses as u64);
    let place = Place::Tenant(Section::Cache);
    Ok(Page::ok(CachePage {
        shell: chosen.visit.in_tenant(&chosen.tenant, place),
        keys: count(statistics.usage.keys),
        bytes: bytes(statistics.usage.bytes),
        hits: count(hits),
        misses: count(misses),
        rate: share(hits, hits.saturating_add(misses)),
        bypassed: count(statistics.bypassed as u64),
        may_change: chosen.visit.operator.may(Right::Manage),
        tenant: chosen.tenant,
    }))
}

/// Removes all of it.
pub(super) async fn flush(chosen: Chosen, _: Form) -> Result<Response, Failure> {
    let cache = chosen.cache(Right::Manage)?;
    let act = Act::in_tenant(chosen.tenant.id(), "cache.flush", chosen.tenant.slug());
    let flushed = async { Ok(cache.flush().await?) };
    chosen.recorded(act, flushed).await?;
    Ok(Done::CacheFlushed.see(&chosen.at("/cache")))
}

impl Chosen {
    fn cache(&self, right: Right) -> Result<OperatorCache, Failure> {
        self.visit.demand(right)?;
        let caches = self.visit.admin.cache.as_ref();
        let caches = caches.ok_or(Refusal::PathUnknown)?;
        Ok(caches.for_operator(CacheOwner::Tenant(self.tenant.id())))
    }
}

#[derive(Template)]
#[template(path = "tenant/cache.html")]
pub(super) struct CachePage {
    shell: Shell,
    tenant: Tenant,
    may_change: bool,
    keys: String,
    bytes: String,
    hits: String,
    misses: String,
    rate: String,
    bypassed: String,
}
