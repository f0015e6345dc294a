use std::task::{Context, Poll};

use http::{Request, Response};
use tenantry_http::CurrentTenant;
use tower_service::Service;

use super::ResponseFuture;
use super::watch::{Seen, Watch};
use crate::Telemetry;

/// A service whose requests are counted: what an [`ObservedLayer`](super::ObservedLayer) makes of any other.
#[derive(Clone, Debug)]
pub struct ObservedService<S> {
    inner: S,
    telemetry: Telemetry,
}

impl<S> ObservedService<S> {
    pub(super) fn new(inner: S, telemetry: Telemetry) -> Self {
        Self { inner, telemetry }
    }
}

impl<S, B, R> Service<Request<B>> for ObservedService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let seen = Seen::default();
        request.extensions_mut().insert(seen.clone());
        let watch = Watch::new(self.telemetry.clone(), seen);
        ResponseFuture::new(self.inner.call(request), watch)
    }
}

/// Notes whose request comes through, on its way to the host's service.
#[derive(Clone, Debug)]
pub struct TenantSeen<S> {
    inner: S,
}

impl<S> TenantSeen<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Request<B>> for TenantSeen<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let extensions = request.extensions_mut();
        if let Some(seen) = extensions.remove::<Seen>()
            && let Some(tenant) = extensions.get::<CurrentTenant>()
        {
            seen.is(tenant.id());
        }
        self.inner.call(request)
    }
}
