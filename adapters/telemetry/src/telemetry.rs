use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;
use tenantry::TenantId;
use tenantry::ports::JobStats;

use crate::changes::Freshness;
use crate::metrics::Metrics;
use crate::pools::Pools;
use crate::tenants::TenantMetrics;
use crate::{PoolFigures, RequestFigures, RequestOutcome};

/// The metrics of a process, and its [`RequestFigures`]. Cloning it shares them.
///
/// All names begin with `tenantry_`. What nothing is told of stays at 0, or isn't there.
///
/// # Cost
/// A request costs some atomic additions, look-ups of their series, and the short lock of the figures; with tenants' labels, one
/// lock more.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

struct Inner {
    registry: RwLock<Registry>,
    metrics: Metrics,
    tenants: Option<TenantMetrics>,
    pools: Arc<Pools>,
    freshness: Arc<Freshness>,
    figures: RequestFigures,
}

impl Telemetry {
    /// What [`text`](Self::text) is, for the header `content-type`: the text format of Prometheus.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Metrics to be set up.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder {
            busiest: 0,
            figures: RequestFigures::default(),
        }
    }

    /// Metrics without a word of any tenant.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// The metrics as Prometheus reads them. Pools are asked now.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A `String` takes everything.
        let _ = encode(&mut text, &self.inner.registry.read());
        text
    }

    /// What a dashboard of this process shows.
    pub fn figures(&self) -> &RequestFigures {
        &self.inner.figures
    }

    /// Counts a request: for services that no [layer](Self::around) is around.
    pub fn request(&self, tenant: Option<TenantId>, outcome: RequestOutcome, took: Duration) {
        self.inner.metrics.request(outcome, took);
        self.inner.figures.request(tenant, outcome, took);
        if let (Some(metrics), Some(tenant)) = (&self.inner.tenants, tenant) {
            metrics.request(tenant, outcome, took);
        }
    }

    /// Shows a pool under this name. It is asked each time that the metrics are.
    ///
    /// The host says which names there are. A second pool of the same name takes the first one's place.
    ///
    /// ```
    /// use tenantry_telemetry::{PoolFigures, Telemetry};
    ///
    /// let telemetry = Telemetry::new();
    /// telemetry.pool("main", || PoolFigures { size: 10, idle: 7, in_use: 3, ..PoolFigures::default() });
    /// assert!(telemetry.text().contains("tenantry_pool_connections{pool=\"main\",state=\"in_use\"} 3"));
    /// ```
    pub fn pool(
        &self,
        name: &'static str,
        figures: impl Fn() -> PoolFigures + Send + Sync + 'static,
    ) {
        self.inner.pools.add(name, Box::new(figures));
    }

    /// Shows how many jobs are in the queue. The host asks it, every now and then.
    pub fn queue(&self, stats: &JobStats) {
        let JobStats {
            waiting,
            running,
            done,
            cancelled,
            dead,
        } = *stats;
        let counts = [
            ("waiting", waiting),
            ("running", running),
            ("done", done),
            ("cancelled", cancelled),
            ("dead", dead),
        ];
        for (state, jobs) in counts {
            let jobs = i64::try_from(jobs).unwrap_or(i64::MAX);
            let gauge = self.inner.metrics.queue.get_or_create(&[("state", state)]);
            gauge.set(jobs);
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    pub(crate) fn freshness(&self) -> &Freshness {
        &self.inner.freshness
    }

    /// Counts a scope that was entered.
    pub(crate) fn scope(&self, tenant: Option<TenantId>, lasted: Duration) {
        self.inner.figures.scope(tenant, lasted);
        if let (Some(metrics), Some(tenant)) = (&self.inner.tenants, tenant) {
            metrics.scope(tenant, lasted);
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

/// Sets a [`Telemetry`] up.
#[derive(Clone, Debug)]
#[must_use = "it is completed by build"]
pub struct TelemetryBuilder {
    busiest: u16,
    figures: RequestFigures,
}

impl TelemetryBuilder {
    /// The most tenants that can have labels of their own.
    pub const MOST_TENANTS: u16 = 200;

    /// Gives so many of the busiest tenants series of their own, with their ids, up to
    /// [`MOST_TENANTS`](Self::MOST_TENANTS); all others share one. None has any unless the host says so.
    ///
    /// Which tenants those are is decided each minute. The series of one that isn't among them any more ends, and begins at
    /// 0 if it comes back, as counters do when a process starts.
    pub fn busiest_tenants(mut self, most: u16) -> Self {
        self.busiest = most.min(Self::MOST_TENANTS);
        self
    }

    /// Keeps other figures than the last hour's of 1,000 tenants.
    pub fn figures(mut self, figures: RequestFigures) -> Self {
        self.figures = figures;
        self
    }

    /// The metrics.
    pub fn build(self) -> Telemetry {
        let Self { busiest, figures } = self;
        let mut registry = Registry::with_prefix("tenantry");
        let metrics = Metrics::new(&mut registry);
        let tenants = (busiest > 0).then(|| TenantMetrics::new(busiest.into(), &mut registry));
        let (pools, freshness) = (Arc::<Pools>::default(), Arc::<Freshness>::default());
        registry.register_collector(Box::new(Arc::clone(&pools)));
        registry.register_collector(Box::new(Arc::clone(&freshness)));
        Telemetry {
            inner: Arc::new(Inner {
                registry: RwLock::new(registry),
                metrics,
                tenants,
                pools,
                freshness,
                figures,
            }),
        }
    }
}
