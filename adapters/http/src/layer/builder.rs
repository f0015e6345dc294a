use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, HeaderName};
use tenantry::Actor;
use tenantry::resolution::{Resolver, Source, SourceKind, TenantReference, Unresolved};

use super::{Admission, Shared, TenantLayer};
use crate::{TenantDirectory, TenantLimits, TokenVerifier, VerifiedToken, WiringMistake};

/// Sets a [`TenantLayer`] up.
#[must_use = "it is completed by build"]
pub struct LayerBuilder {
    shared: Shared,
}

impl LayerBuilder {
    pub(super) fn new(resolver: Resolver, directory: TenantDirectory) -> Self {
        let has = |kind| {
            resolver
                .sources()
                .iter()
                .any(|source| source.kind() == kind)
        };
        Self {
            shared: Shared {
                reads_path: has(SourceKind::Path),
                resolver,
                directory,
                limits: TenantLimits::none(),
                header: HeaderName::from_static("x-tenant"),
                tokens: None,
                own: None,
                actor: None,
                peer: None,
                admission: None,
                unnamed_pass: false,
            },
        }
    }

    /// Limits each tenant's requests.
    pub fn limits(mut self, limits: TenantLimits) -> Self {
        self.shared.limits = limits;
        self
    }

    /// The header that [`Source::Header`] reads: `x-tenant`, unless said otherwise.
    pub fn header(mut self, name: HeaderName) -> Self {
        self.shared.header = name;
        self
    }

    /// Verifies the bearer tokens that requests bring. A request with a bad one is refused, whether a token names tenants
    /// or not; one without any is not.
    pub fn tokens(mut self, verifier: Arc<dyn TokenVerifier>) -> Self {
        self.shared.tokens = Some(verifier);
        self
    }

    /// The host's own source, for [`Source::Own`].
    pub fn own(
        mut self,
        source: impl Fn(&Parts) -> Result<Option<TenantReference>, Unresolved> + Send + Sync + 'static,
    ) -> Self {
        self.shared.own = Some(Box::new(source));
        self
    }

    /// Who asks: what the context's actor is. Without it, it is the subject of the request's token, or else `anonymous`.
    pub fn actor(
        mut self,
        actor: impl Fn(&Parts, Option<&VerifiedToken>) -> Actor + Send + Sync + 'static,
    ) -> Self {
        self.shared.actor = Some(Box::new(actor));
        self
    }

    /// Where a request's peer address is found, for servers that keep it elsewhere than axum and
    /// [`PeerAddress`](super::PeerAddress) do: tonic's `TcpConnectInfo`, say.
    pub fn peer(
        mut self,
        peer: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.shared.peer = Some(Box::new(peer));
        self
    }

    /// Asks for each request whether its actor may come into the tenant: [`MembersOnly`](super::MembersOnly), say.
    pub fn admission(mut self, admission: Arc<dyn Admission>) -> Self {
        self.shared.admission = Some(admission);
        self
    }

    /// Lets requests pass that name no tenant: a page on which people sign up is for nobody's tenant. Those that name an
    /// unknown one, or are wrong in another way, are refused all the same.
    ///
    /// A handler with the extractor `Tenant` still refuses them.
    pub fn let_unnamed_pass(mut self) -> Self {
        self.shared.unnamed_pass = true;
        self
    }

    /// The layer.
    ///
    /// # Errors
    /// [`WiringMistake`], if a source has nothing to read from.
    pub fn build(self) -> Result<TenantLayer, WiringMistake> {
        let shared = self.shared;
        for source in shared.resolver.sources() {
            match source {
                Source::Token { .. } if shared.tokens.is_none() => {
                    return Err(WiringMistake::NoVerifier);
                }
                Source::CustomDomain if !shared.directory.knows_domains() => {
                    return Err(WiringMistake::NoDomains);
                }
                Source::Own if shared.own.is_none() => return Err(WiringMistake::NoOwnSource),
                _ => {}
            }
        }
        Ok(TenantLayer {
            shared: Arc::new(shared),
        })
    }
}

impl fmt::Debug for LayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerBuilder")
            .field("resolver", &self.shared.resolver)
            .finish_non_exhaustive()
    }
}
