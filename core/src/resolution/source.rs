use alloc::string::String;
use core::fmt;

use super::TrustedProxies;
use crate::Excerpt;

/// Where a request may say which tenant it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The label before a declared base domain: `acme.example.com`.
    Subdomain,
    /// A domain of the tenant's own, which the directory leads to the tenant: `shop.acme.com`.
    CustomDomain,
    /// A header that a proxy sets. It counts from trusted proxies alone; from anybody else, it is refused.
    Header {
        /// Whom it is believed.
        trusted: TrustedProxies,
        /// What its value is.
        named_by: NamedBy,
    },
    /// A segment of the path, behind a prefix: `/t/acme/…`.
    Path(PathPrefix),
    /// A claim of a token whose signature was verified.
    Token {
        /// What its value is.
        named_by: NamedBy,
    },
    /// Whatever the host's own code says.
    Own,
}

impl Source {
    /// Which kind of source it is.
    pub fn kind(&self) -> SourceKind {
        match self {
            Self::Subdomain => SourceKind::Subdomain,
            Self::CustomDomain => SourceKind::CustomDomain,
            Self::Header { .. } => SourceKind::Header,
            Self::Path(_) => SourceKind::Path,
            Self::Token { .. } => SourceKind::Token,
            Self::Own => SourceKind::Own,
        }
    }
}

/// The kinds of [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// A subdomain of a base domain.
    Subdomain,
    /// A tenant's own domain.
    CustomDomain,
    /// A header.
    Header,
    /// A segment of the path.
    Path,
    /// A token's claim.
    Token,
    /// The host's own code.
    Own,
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Subdomain => "the subdomain",
            Self::CustomDomain => "the custom domain",
            Self::Header => "the header",
            Self::Path => "the path",
            Self::Token => "the token",
            Self::Own => "the host's own source",
        })
    }
}

/// What a header's or a claim's value is. It is declared, since a slug may look like an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamedBy {
    /// The tenant's slug.
    Slug,
    /// The tenant's id.
    Id,
}

/// What stands before the tenant's slug in a path: `/t` for `/t/acme/…`, or nothing for `/acme/…`.
///
/// With nothing, every path begins with a tenant's slug, or with a reserved word, which is then the host's own: `/api`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathPrefix(String);

impl PathPrefix {
    /// No prefix: the path's first segment is the slug.
    pub fn none() -> Self {
        Self::default()
    }

    /// One or more segments of letters, digits, `-`, `_`, `.` and `~`: `/t`, `/shops/by-name`.
    ///
    /// # Errors
    /// [`PathPrefixError`].
    pub fn new(text: &str) -> Result<Self, PathPrefixError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let well_formed = |segment: &str| {
            !segment.is_empty() && segment != "." && segment != ".." && segment.chars().all(allowed)
        };
        match text.strip_prefix('/') {
            Some(segments) if segments.split('/').all(well_formed) => Ok(Self(text.into())),
            _ => Err(PathPrefixError {
                prefix: Excerpt::of(text),
            }),
        }
    }

    /// The prefix as text: empty for none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that isn't a [`PathPrefix`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{prefix} isn't a path prefix: write it as /t, without a slash at its end")]
pub struct PathPrefixError {
    /// The refused text.
    pub prefix: Excerpt,
}
