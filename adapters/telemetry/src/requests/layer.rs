use tower_layer::Layer;

use super::{ObservedService, TenantSeen};
use crate::Telemetry;

/// A [`TenantLayer`](tenantry_http::TenantLayer) whose requests are counted and timed: see [`Telemetry::around`].
#[derive(Clone, Debug)]
pub struct ObservedLayer<L> {
    layer: L,
    telemetry: Telemetry,
}

impl Telemetry {
    /// Counts and times the requests of a [`TenantLayer`](tenantry_http::TenantLayer), those too that it refuses. It takes
    /// that layer's place.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use axum::{Router, routing::get};
    /// # use tenantry_memory::MemoryTenantRepository;
    /// # use tenantry::resolution::{BaseDomain, Resolver, Source};
    /// # use tenantry_http::{PublicSuffixList, TenantDirectory, TenantLayer};
    /// use tenantry_telemetry::Telemetry;
    ///
    /// # let base = BaseDomain::new("example.com", &PublicSuffixList)?;
    /// # let resolver = Resolver::builder().base_domain(base).source(Source::Subdomain).build()?;
    /// # let directory = TenantDirectory::new(Arc::new(MemoryTenantRepository::new()));
    /// let telemetry = Telemetry::new();
    /// let layer = TenantLayer::builder(resolver, directory).build()?;
    /// let app: Router = Router::new()
    ///     .route("/notes", get(|| async { "notes" }))
    ///     .layer(telemetry.around(layer));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn around<L>(&self, layer: L) -> ObservedLayer<L> {
        ObservedLayer {
            layer,
            telemetry: self.clone(),
        }
    }
}

impl<L, S> Layer<S> for ObservedLayer<L>
where
    L: Layer<TenantSeen<S>>,
{
    type Service = ObservedService<L::Service>;

    fn layer(&self, inner: S) -> Self::Service {
        let service = self.layer.layer(TenantSeen::new(inner));
        ObservedService::new(service, self.telemetry.clone())
    }
}
