//! What tenants cost and how they fare: metrics for Prometheus, figures for a dashboard, and traces.
//!
//! ```text
//!  Telemetry          the metrics, and their text for /metrics
//!   ├ requests        a layer around TenantLayer: outcomes, reasons, times
//!   ├ ObservedScopes  any TenantScopes: how long scopes wait and last
//!   ├ ObservedCache   any Cache: hits, misses, errors
//!   ├ ObservedChanges any TenantChanges: how fresh what is remembered is
//!   ├ JobMetrics      a RunnerObserver: what became of jobs
//!   └ pools           asked when the metrics are
//!  RequestFigures     requests, errors and times of the last hour by tenant and minute, in this process
//!  otlp::Otlp         spans to an OpenTelemetry collector, with their tenant (feature `otlp`)
//! ```
//!
//! However many tenants there are, and whatever names a flood of requests sends, the metrics stay bounded: no label's value
//! comes from a request. A tenant's id is one only if the host asks for it, and then of the busiest tenants alone; all others
//! share the value `other`.
//!
//! ```
//! use tenantry_telemetry::Telemetry;
//!
//! let telemetry = Telemetry::builder().busiest_tenants(20).build();
//! // … around the layer, the pool and the cache, which tell it what happens …
//! assert!(telemetry.text().contains("# TYPE tenantry_requests_in_flight gauge"));
//! ```

mod cache;
mod changes;
mod figures;
mod jobs;
mod metrics;
#[cfg(feature = "otlp")]
pub mod otlp;
mod outcome;
mod pools;
#[cfg(feature = "http")]
mod requests;
mod scopes;
mod telemetry;
mod tenants;
mod top;

pub use cache::ObservedCache;
pub use changes::ObservedChanges;
pub use figures::{Figures, MinuteFigures, RequestFigures};
pub use jobs::JobMetrics;
pub use outcome::RequestOutcome;
pub use pools::PoolFigures;
#[cfg(feature = "http")]
pub use requests::{ObservedLayer, ObservedService, ResponseFuture, TenantSeen};
pub use scopes::ObservedScopes;
pub use telemetry::{Telemetry, TelemetryBuilder};

/// The Rust code on the book's page runs as doc tests of this.
#[cfg(all(doctest, feature = "http", feature = "runner"))]
#[doc = include_str!("../../../docs/src/telemetry.md")]
mod book {}
