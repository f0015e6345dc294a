use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use crate::Excerpt;

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or a single `192.0.2.7`.
///
/// An address of version 4 in the clothes of version 6 (`::ffff:10.0.0.1`) is the one of version 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.bits);
                (first.to_bits() ^ address.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.bits);
                (first.to_bits() ^ address.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    const fn width(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let first = address.to_canonical();
        Self {
            first,
            bits: Self::width(first),
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let malformed = || NetworkError {
            network: Excerpt::of(text),
        };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| malformed())?;
        let Some(bits) = bits else {
            return Ok(first.into());
        };
        let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
        let bits: u8 = bits.parse().map_err(|_| malformed())?;
        if !digits || bits > Self::width(first) || first != first.to_canonical() {
            return Err(malformed());
        }
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// A text that isn't a [`Network`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{network} isn't a range of addresses: write it as 10.0.0.0/8, fd00::/8 or 192.0.2.7")]
pub struct NetworkError {
    /// The refused text.
    pub network: Excerpt,
}

/// Whose header may name a tenant: the proxies in front of the service, by their addresses. Nobody's, unless declared.
///
/// ```
/// use tenantry::resolution::TrustedProxies;
///
/// let trusted = TrustedProxies::of(["10.0.0.0/8".parse()?]);
/// assert!(trusted.trusts(Some("10.1.2.3".parse()?)));
/// assert!(!trusted.trusts(Some("192.0.2.7".parse()?)));
/// assert!(!trusted.trusts(None), "whoever can't be told isn't trusted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    everybody: bool,
}

impl TrustedProxies {
    /// The proxies whose addresses are in one of `networks`.
    pub fn of(networks: impl IntoIterator<Item = Network>) -> Self {
        Self {
            networks: networks.into_iter().collect(),
            everybody: false,
        }
    }

    /// Everybody who can reach the service. Only for one that nobody but a proxy can reach, over a Unix socket, say:
    /// whoever can, chooses his tenant.
    pub fn dangerously_everybody() -> Self {
        Self {
            networks: Vec::new(),
            everybody: true,
        }
    }

    /// Whether the peer's address has to be known to decide.
    pub fn asks_for_peer(&self) -> bool {
        !self.everybody
    }

    /// Whether a header that came from `peer` counts.
    pub fn trusts(&self, peer: Option<IpAddr>) -> bool {
        let among = |peer| self.networks.iter().any(|network| network.contains(peer));
        self.everybody || peer.is_some_and(among)
    }
}
