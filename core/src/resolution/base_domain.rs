use core::fmt;

use super::{DomainName, DomainNameError};

/// A domain whose direct subdomains are tenants: `example.com`, when `acme.example.com` is Acme's.
///
/// It is declared, never guessed from requests. A domain below which anybody can register a name (`com`, `co.uk`) would
/// make strangers' domains look like tenants, so it is refused, by a list that the caller brings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseDomain(DomainName);

impl BaseDomain {
    /// Declares `name` as a base domain. `localhost` is one, too; no other single label is.
    ///
    /// # Errors
    /// See [`BaseDomainError`].
    pub fn new(name: &str, suffixes: &dyn PublicSuffixes) -> Result<Self, BaseDomainError> {
        let name = DomainName::new(name).map_err(|source| BaseDomainError::Name { source })?;
        let single = name.is_single_label() && name.as_str() != "localhost";
        if single || suffixes.is_public_suffix(&name) {
            return Err(BaseDomainError::PublicSuffix { name });
        }
        Ok(Self(name))
    }

    /// The domain's name.
    pub fn name(&self) -> &DomainName {
        &self.0
    }
}

impl fmt::Display for BaseDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A list of the domains below which anybody can register a name of their own.
pub trait PublicSuffixes {
    /// Whether `name` is such a domain: `com`, `co.uk`.
    ///
    /// A domain that its owner has put on the list so that browsers keep its subdomains apart is none: that is what the
    /// owner of a base domain may well have done.
    fn is_public_suffix(&self, name: &DomainName) -> bool;
}

/// Why a domain can't be a [`BaseDomain`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseDomainError {
    /// It isn't a domain name.
    #[error("the base domain isn't a domain name")]
    Name {
        /// Which rule it breaks.
        source: DomainNameError,
    },
    /// Anybody can register names below it.
    #[error(
        "anybody can register names below {name}: declare the domain that is yours, such as example.{name}"
    )]
    PublicSuffix {
        /// The refused domain.
        name: DomainName,
    },
}
