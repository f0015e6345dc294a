use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{DomainName, DomainNameError};
use crate::Excerpt;

/// The host that a request is addressed to: what its `Host` header or `:authority` says, without the port.
///
/// ```
/// use tenantry::resolution::{DomainName, Host};
///
/// let acme = Host::Domain(DomainName::new("acme.example.com")?);
/// assert_eq!(Host::parse("ACME.example.com.:8080")?, acme);
/// assert!(matches!(Host::parse("[::1]:80")?, Host::Address(_)));
/// assert!(Host::parse("user@example.com").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain name.
    Domain(DomainName),
    /// An address, which names no tenant.
    Address(IpAddr),
}

impl Host {
    /// Reads a host with or without a port.
    ///
    /// An address of version 4 has four decimal numbers; one of version 6 stands in brackets and has no zone. The port is
    /// checked and then forgotten.
    ///
    /// # Errors
    /// See [`HostError`].
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if let Some(rest) = text.strip_prefix('[') {
            return bracketed(text, rest);
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        check_port(text, port)?;
        let address = name.strip_suffix('.').unwrap_or(name);
        if let Ok(address) = address.parse::<Ipv4Addr>() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        DomainName::new(name)
            .map(Self::Domain)
            .map_err(|source| HostError::Name { source })
    }
}

fn bracketed(text: &str, rest: &str) -> Result<Host, HostError> {
    let malformed = || HostError::Address {
        host: Excerpt::of(text),
    };
    let (address, after) = rest.split_once(']').ok_or_else(malformed)?;
    let port = match after.strip_prefix(':') {
        None if after.is_empty() => None,
        None => return Err(malformed()),
        port => port,
    };
    check_port(text, port)?;
    let address: Ipv6Addr = address.parse().map_err(|_| malformed())?;
    Ok(Host::Address(IpAddr::V6(address)))
}

/// An empty port is one that was left out (RFC 3986, 3.2.3).
fn check_port(text: &str, port: Option<&str>) -> Result<(), HostError> {
    let digits = port.unwrap_or_default();
    let number = digits.bytes().all(|b| b.is_ascii_digit())
        && digits.len() <= 5
        && (digits.is_empty() || digits.parse::<u16>().is_ok());
    if number {
        Ok(())
    } else {
        Err(HostError::Port {
            host: Excerpt::of(text),
        })
    }
}

/// Why a text isn't a [`Host`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// What follows the colon isn't a port.
    #[error("host {host} has no port from 0 to 65535 after its colon")]
    Port {
        /// The refused text.
        host: Excerpt,
    },
    /// What stands in brackets isn't an address of version 6, or something follows it.
    #[error(
        "host {host} has no address of version 6 in its brackets, or more than a port behind them"
    )]
    Address {
        /// The refused text.
        host: Excerpt,
    },
    /// It isn't an address, and can't be a domain name.
    #[error("the host isn't a domain name")]
    Name {
        /// Which rule it breaks.
        source: DomainNameError,
    },
}
