//! Traces: a span for each request of the administration, for a collector of OpenTelemetry.

use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tenantry::{Slug, TenantId};
use tenantry_telemetry::otlp::Otlp;
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::{Layer, Registry};

use super::ServeError;
use crate::config::Config;
use crate::error::chain;

/// How long the collector has for what is left when the server stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// What sends spans, if a collector is named.
pub(super) struct Traces(Option<Otlp>);

impl Traces {
    /// Outside of a runtime. Connects to nobody yet.
    pub(super) fn of(config: &Config) -> Result<Self, ServeError> {
        let otlp = config.otlp.as_deref();
        let otlp = otlp.map(|url| Otlp::to(url, "tenantry")).transpose()?;
        Ok(Self(otlp))
    }

    /// What takes spans, beside what writes the log.
    pub(super) fn layer(&self) -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
        let otlp = self.0.as_ref()?;
        Some(otlp.layer().with_filter(LevelFilter::INFO).boxed())
    }

    /// Sends what is left, for some seconds at most. Outside of a runtime.
    pub(super) fn end(self) {
        let Some(otlp) = self.0 else {
            return;
        };
        // To stop tells of no span that the collector didn't take; to flush does.
        let sent = otlp.flush();
        if let Err(error) = sent.and(otlp.stop(PATIENCE)) {
            let error = chain(&error).join(": ");
            warn!(error, "the last traces weren't sent");
        }
    }
}

/// A span around each request of `app`.
pub(super) fn around(app: Router) -> Router {
    app.layer(from_fn(trace))
}

async fn trace(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let span = span_of(&mut parts).await;
    let request = Request::from_parts(parts, body);
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    response
}

/// A request's span, which names its route, and of its path no more than what may be a tenant's name.
async fn span_of(parts: &mut Parts) -> Span {
    let method = match parts.method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => parts.method.as_str(),
        // Whoever asks could make it up.
        _ => "_OTHER",
    };
    let matched = parts.extensions.get::<MatchedPath>();
    let route = matched.map_or("unmatched", MatchedPath::as_str);
    let span = info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        tenant.id = Empty,
        tenant.slug = Empty,
    );
    name_tenant(&span, parts).await;
    span
}

async fn name_tenant(span: &Span, parts: &mut Parts) {
    let Ok(parameters) = RawPathParams::from_request_parts(parts, &()).await else {
        return;
    };
    let Some((_, text)) = parameters.iter().find(|(name, _)| *name == "tenant") else {
        return;
    };
    if let Ok(id) = text.parse::<TenantId>() {
        span.record("tenant.id", id.to_string());
    } else if Slug::new(text).is_ok() {
        span.record("tenant.slug", text);
    }
}
