use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use tracing::Span;

use super::decision::Admitted;
use super::future::ResponseFuture;
use super::{Shared, path};
use crate::limits::Permit;
use crate::rejection::Dialect;
use crate::{CurrentTenant, NamesNoTenant, ResponseBody};

/// A service whose requests have a tenant: what [`TenantLayer`](super::TenantLayer) makes of any other.
#[derive(Clone, Debug)]
pub struct TenantService<S> {
    inner: S,
    shared: SharedRef,
}

/// The layer's settings, without a word of them in `Debug`.
#[derive(Clone)]
pub(super) struct SharedRef(pub(super) Arc<Shared>);

impl std::fmt::Debug for SharedRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl<S> TenantService<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self {
            inner,
            shared: SharedRef(shared),
        }
    }
}

impl<S, B, R> Service<Request<B>> for TenantService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture<S, B> {
        let dialect = Dialect::of(&request);
        let (parts, body) = request.into_parts();
        match self.shared.0.decide_at_once(&parts) {
            Some(Ok(admitted)) => {
                let (request, way) = admit(parts, body, admitted);
                ResponseFuture::inside(way.enter(&mut self.inner, request), way)
            }
            Some(Err(rejection)) => ResponseFuture::refused(rejection.response_in(dialect)),
            None => {
                // The clone isn't ready; the one that is goes with the request.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                let shared = Arc::clone(&self.shared.0);
                let decision = Box::pin(async move {
                    let mut parts = parts;
                    let decision = shared.decide(&mut parts).await;
                    (parts, decision)
                });
                ResponseFuture::deciding(inner, body, decision, dialect)
            }
        }
    }
}

/// What goes along with a request on its way through the service, outside of it.
pub(super) struct Way {
    pub(super) span: Span,
    pub(super) permit: Option<Permit>,
}

impl Way {
    /// Hands the request to the service, inside of the span.
    pub(super) fn enter<S, B>(&self, inner: &mut S, request: Request<B>) -> S::Future
    where
        S: Service<Request<B>>,
    {
        self.span.in_scope(|| inner.call(request))
    }
}

/// Puts what was decided into the request.
pub(super) fn admit<B>(
    mut parts: http::request::Parts,
    body: B,
    admitted: Admitted,
) -> (Request<B>, Way) {
    let Admitted {
        tenant,
        token,
        rest,
        permit,
    } = admitted;
    if let Some(rest) = rest {
        path::shorten(&mut parts, &rest);
    }
    if let Some(token) = token {
        parts.extensions.insert(token);
    }
    let span = tenant
        .as_deref()
        .map_or_else(Span::none, CurrentTenant::span);
    match tenant {
        Some(tenant) => drop(parts.extensions.insert(tenant)),
        None => drop(parts.extensions.insert(NamesNoTenant { _private: () })),
    }
    (Request::from_parts(parts, body), Way { span, permit })
}
