//! The layer, and the service that it makes.

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
/// Where the path names tenants, the layer has to wrap the whole router, so that the router sees the shorter path:
///
/// ```
/// # use std::sync::Arc;
/// # use axum::{Router, ServiceExt, extract::Request, routing::get};
/// # use tenantry_memory::MemoryTenantRepository;
/// # use tenantry::resolution::{PathPrefix, Resolver, Source};
/// # use tenantry_http::{TenantDirectory, TenantLayer};
/// use tower_layer::Layer as _;
///
/// # let directory = TenantDirectory::new(Arc::new(MemoryTenantRepository::new()));
/// let prefix = PathPrefix::new("/t")?;
/// let resolver = Resolver::builder().source(Source::Path(prefix)).build()?;
/// let router = Router::new().route("/notes", get(|| async { "/t/acme/notes" }));
/// let app = TenantLayer::builder(resolver, directory).build()?.layer(router);
/// let make_service = ServiceExt::<Request>::into_make_service(app);
/// # let _ = make_service;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
