/// How a host can put the layer together wrongly. Found while building it where that is possible, and otherwise by the
/// first request, which is answered by a 500 that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WiringMistake {
    /// An extractor ran without the layer.
    #[error(
        "TenantLayer isn't in front of this handler: add it to the router, outside of all other layers that need the tenant"
    )]
    NoLayer,
    /// The layer is there twice.
    #[error("TenantLayer is in front of this service twice: keep the outer one")]
    LayerTwice,
    /// The path names tenants, and the router has seen the path already.
    #[error(
        "the path names tenants, so TenantLayer has to wrap the router: use TenantLayer::around(router), not Router::layer"
    )]
    BehindRouter,
    /// A header names tenants, and nobody says where a request comes from.
    #[error(
        "a header names tenants, but the peer's address isn't known: serve with into_make_service_with_connect_info::<SocketAddr>(), or say where the address is by LayerBuilder::peer"
    )]
    NoPeer,
    /// A token names tenants, and nobody verifies it.
    #[error("a token names tenants, but no verifier is there: give one by LayerBuilder::tokens")]
    NoVerifier,
    /// Custom domains name tenants, and the directory knows none.
    #[error(
        "domains of their own name tenants, but the directory knows none: give it some by DirectoryBuilder::domains"
    )]
    NoDomains,
    /// The host's own source isn't there.
    #[error(
        "the host's own source names tenants, but it isn't there: give it by LayerBuilder::own"
    )]
    NoOwnSource,
}
