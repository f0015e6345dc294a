use super::{Claim, DomainName, HostError, SourceKind};
use crate::{Excerpt, SlugError, TenantIdError};

/// Why a request leads to no candidate: it says something that can't be true, or that nobody may say.
///
/// A request that says nothing at all is none of these: it may be meant for nobody's tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unresolved {
    /// The request names no host, and a source reads it.
    #[error("the request names no host: send a Host header")]
    HostMissing,
    /// The host isn't one.
    #[error("the request's host can't be read")]
    HostMalformed {
        /// What is wrong with it.
        source: HostError,
    },
    /// The host is below no base domain, isn't one of the service's own, and tenants have no domains of their own.
    #[error("{host} isn't a host of this service")]
    HostForeign {
        /// The host.
        host: DomainName,
    },
    /// More than one label stands before the base domain.
    #[error("{host} has more than one label before its base domain")]
    HostTooDeep {
        /// The host.
        host: DomainName,
    },
    /// A source says what can't be a slug.
    #[error("{from} names no slug")]
    SlugMalformed {
        /// Which source.
        from: SourceKind,
        /// Which rule it breaks.
        source: SlugError,
    },
    /// A source says what can't be an id.
    #[error("{from} names no tenant's id")]
    IdMalformed {
        /// Which source.
        from: SourceKind,
        /// What is wrong with it.
        source: TenantIdError,
    },
    /// The header's value isn't text.
    #[error("the header that names the tenant isn't ASCII text")]
    HeaderMalformed,
    /// The header is there more than once.
    #[error("the header that names the tenant is there more than once")]
    HeaderRepeated,
    /// The header comes from somebody who isn't trusted to name a tenant.
    #[error("the header that names the tenant doesn't come from a trusted proxy")]
    HeaderUntrusted,
    /// A path that may lead elsewhere than it looks: dot segments, two slashes behind the tenant's slug, or none at the
    /// beginning.
    #[error(
        "path {path} has dot segments, a double slash behind the tenant, or no slash at its beginning"
    )]
    PathMalformed {
        /// The path.
        path: Excerpt,
    },
    /// Two sources name different tenants. Neither is believed.
    #[error("{one}, but {other}")]
    Disagreement {
        /// The one.
        one: Claim,
        /// The other.
        other: Claim,
    },
}

impl Unresolved {
    /// The reason as a stable code, for machines.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::HostMissing => "host_missing",
            Self::HostMalformed { .. } => "host_malformed",
            Self::HostForeign { .. } => "host_foreign",
            Self::HostTooDeep { .. } => "host_too_deep",
            Self::SlugMalformed { .. } => "slug_malformed",
            Self::IdMalformed { .. } => "id_malformed",
            Self::HeaderMalformed => "header_malformed",
            Self::HeaderRepeated => "header_repeated",
            Self::HeaderUntrusted => "header_untrusted",
            Self::PathMalformed { .. } => "path_malformed",
            Self::Disagreement { .. } => "sources_disagree",
        }
    }

    /// Whether the request is well formed and just leads nowhere, as one for an unknown tenant does.
    pub fn leads_nowhere(&self) -> bool {
        match self {
            Self::HostForeign { .. } | Self::HostTooDeep { .. } => true,
            Self::HostMissing
            | Self::HostMalformed { .. }
            | Self::SlugMalformed { .. }
            | Self::IdMalformed { .. }
            | Self::HeaderMalformed
            | Self::HeaderRepeated
            | Self::HeaderUntrusted
            | Self::PathMalformed { .. }
            | Self::Disagreement { .. } => false,
        }
    }
}
