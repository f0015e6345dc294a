//! The layer, and the service that it makes.

mod admission;
mod builder;
mod decision;
mod facts;
mod future;
mod path;
mod service;

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use http::request::Parts;
use tenantry::Actor;
use tenantry::resolution::{Resolver, TenantReference, Unresolved};
use tower_layer::Layer;

use crate::{TenantDirectory, TenantLimits, TokenVerifier, VerifiedToken};

pub use admission::{Admission, MembersOnly};
pub use builder::LayerBuilder;
pub use facts::PeerAddress;
pub use future::ResponseFuture;
pub use path::OriginalPath;
pub use service::TenantService;

/// Finds out which tenant each request is for, before the service behind it sees the request.
///
/// The service gets a [`CurrentTenant`](crate::CurrentTenant) in the request's extensions and runs in a span that names the
/// tenant. A request that names no tenant is refused, too, unless the layer is told to
/// [let it pass](LayerBuilder::let_unnamed_pass).
///
/// Where the path names tenants, the layer has to wrap the whole router, so that the router sees the shorter path: see
/// `around`, for axum.
#[derive(Clone)]
pub struct TenantLayer {
    shared: Arc<Shared>,
}

/// What all requests of one layer share.
pub(crate) struct Shared {
    resolver: Resolver,
    directory: TenantDirectory,
    limits: TenantLimits,
    header: HeaderName,
    /// Whether the resolver asks for it at all, so that nothing is gathered in vain.
    reads_path: bool,
    tokens: Option<Arc<dyn TokenVerifier>>,
    own: Option<Box<OwnSource>>,
    actor: Option<Box<ActorOf>>,
    peer: Option<Box<PeerOf>>,
    admission: Option<Arc<dyn Admission>>,
    unnamed_pass: bool,
}

type OwnSource = dyn Fn(&Parts) -> Result<Option<TenantReference>, Unresolved> + Send + Sync;
type ActorOf = dyn Fn(&Parts, Option<&VerifiedToken>) -> Actor + Send + Sync;
type PeerOf = dyn Fn(&http::Extensions) -> Option<std::net::IpAddr> + Send + Sync;

impl TenantLayer {
    /// A layer to be set up.
    pub fn builder(resolver: Resolver, directory: TenantDirectory) -> LayerBuilder {
        LayerBuilder::new(resolver, directory)
    }

    /// The router behind this layer, as a router again: for a layer whose path names tenants, which has to come before any
    /// router looks at the path. Elsewhere, `Router::layer` does.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use axum::{Router, routing::get};
    /// # use tenantry_memory::MemoryTenantRepository;
    /// # use tenantry::resolution::{PathPrefix, Resolver, Source};
    /// # use tenantry_http::{TenantDirectory, TenantLayer};
    /// # let directory = TenantDirectory::new(Arc::new(MemoryTenantRepository::new()));
    /// let prefix = PathPrefix::new("/t")?;
    /// let resolver = Resolver::builder().source(Source::Path(prefix)).build()?;
    /// let router = Router::new().route("/notes", get(|| async { "for /t/acme/notes" }));
    /// let app: Router = TenantLayer::builder(resolver, directory).build()?.around(router);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "axum")]
    pub fn around(&self, router: axum::Router) -> axum::Router {
        axum::Router::new().fallback_service(self.layer(router))
    }

    /// The directory that the layer looks tenants up in.
    pub fn directory(&self) -> &TenantDirectory {
        &self.shared.directory
    }
}

impl<S> Layer<S> for TenantLayer {
    type Service = TenantService<S>;

    fn layer(&self, inner: S) -> TenantService<S> {
        TenantService::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for TenantLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantLayer")
            .field("resolver", &self.shared.resolver)
            .field("directory", &self.shared.directory)
            .finish_non_exhaustive()
    }
}
