//! Traces: spans that go to an OpenTelemetry collector, each with its tenant.

use std::fmt;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_core::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// Sends spans to an OpenTelemetry collector by OTLP over HTTP, in batches, from a thread of its own.
///
/// `tenantry-http` opens a span `tenant` for each request, with `tenant.id` and `tenant.slug`, and what the host's code opens
/// is inside of it. So a trace says whose it is. The [`layer`](Self::layer) goes beside the host's others.
///
/// The variables of OpenTelemetry count, too: `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_SCHEDULE_DELAY` and
/// so on. A collector that is away costs spans and no request.
///
/// ```no_run
/// use std::time::Duration;
/// use tenantry_telemetry::otlp::Otlp;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let otlp = Otlp::to("http://localhost:4318", "shop")?;
/// let subscriber = tracing_subscriber::registry().with(otlp.layer());
/// tracing::subscriber::set_global_default(subscriber)?;
/// // … serve …
/// otlp.stop(Duration::from_secs(5))?; // what is left is sent
/// # Ok(())
/// # }
/// ```
#[must_use = "spans are sent by its layer until it is stopped"]
pub struct Otlp {
    provider: SdkTracerProvider,
}

impl Otlp {
    /// How long the collector has for a batch.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Sends to the collector at `endpoint`, its base URL, as `service`. Connects to nobody yet.
    ///
    /// # Errors
    /// [`OtlpError::Endpoint`], [`OtlpError::NoTls`].
    pub fn to(endpoint: &str, service: &str) -> Result<Self, OtlpError> {
        let traces = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        if traces.starts_with("https://") {
            return Err(OtlpError::NoTls);
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(traces)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(Self::PATIENCE)
            .build()?;
        let resource = Resource::builder().with_service_name(service.to_owned());
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Self { provider })
    }

    /// What takes the spans of a subscriber, but for those of sending them.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let tracer = self.provider.tracer("tenantry");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_of_the_host))
    }

    /// Sends what has ended so far, and waits for it.
    ///
    /// # Errors
    /// [`OtlpError::Unsent`].
    pub fn flush(&self) -> Result<(), OtlpError> {
        Ok(self.provider.force_flush()?)
    }

    /// Sends what has ended so far, for no longer than `patience`, and nothing after that.
    ///
    /// # Errors
    /// [`OtlpError::Unsent`].
    pub fn stop(self, patience: Duration) -> Result<(), OtlpError> {
        Ok(self.provider.shutdown_with_timeout(patience)?)
    }
}

/// Sending a span makes spans, which aren't sent.
fn is_of_the_host(metadata: &Metadata<'_>) -> bool {
    let sending = ["hyper", "reqwest", "opentelemetry", "tower"];
    let module = metadata.target().split("::").next().unwrap_or_default();
    !sending
        .iter()
        .any(|library| module == *library || module.starts_with(&format!("{library}_")))
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp").finish_non_exhaustive()
    }
}

/// Why traces can't be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// The endpoint is none, or a variable of OpenTelemetry is wrong.
    #[error(
        "traces can't be sent there: give the collector's base URL, as in http://localhost:4318"
    )]
    Endpoint {
        /// What OpenTelemetry said.
        source: ExporterBuildError,
    },
    /// The endpoint wants TLS, which this doesn't speak.
    #[error(
        "traces are sent without TLS: run a collector beside this process, and let it send them on"
    )]
    NoTls,
    /// The collector couldn't be reached in time, or refused them.
    #[error("some traces weren't sent: look whether the collector answers")]
    Unsent {
        /// What OpenTelemetry said.
        source: OTelSdkError,
    },
}

impl From<ExporterBuildError> for OtlpError {
    fn from(source: ExporterBuildError) -> Self {
        Self::Endpoint { source }
    }
}

impl From<OTelSdkError> for OtlpError {
    fn from(source: OTelSdkError) -> Self {
        Self::Unsent { source }
    }
}
