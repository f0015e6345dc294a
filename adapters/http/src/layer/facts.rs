use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use tenantry::resolution::{HeaderFact, Host, RequestFacts, Source};

use super::Shared;
use crate::{Rejection, TokenError, WiringMistake};

/// The address at the other end of the connection, in a request's extensions: for servers other than axum's, which has a
/// place of its own for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// Stands for a host that isn't text. It is no host either.
const UNREADABLE: &str = "\u{fffd}";

impl Shared {
    /// What the request says, but for its token and the host's own source.
    pub(super) fn facts<'a>(&self, parts: &'a Parts) -> Result<RequestFacts<'a>, Rejection> {
        let mut facts = RequestFacts::new(parts.uri.path());
        facts.host = host(parts)?;
        for source in self.resolver.sources() {
            if let Source::Header { trusted, .. } = source {
                facts.header = self.header_fact(parts);
                if facts.header != HeaderFact::Absent && trusted.asks_for_peer() {
                    facts.peer = Some(self.peer_of(parts).ok_or(WiringMistake::NoPeer)?);
                }
            }
        }
        Ok(facts)
    }

    fn header_fact<'a>(&self, parts: &'a Parts) -> HeaderFact<'a> {
        let mut values = parts.headers.get_all(&self.header).iter();
        match (values.next(), values.next()) {
            (None, _) => HeaderFact::Absent,
            (Some(value), None) => HeaderFact::Once(value.as_bytes()),
            (Some(_), Some(_)) => HeaderFact::Repeated,
        }
    }

    fn peer_of(&self, parts: &Parts) -> Option<IpAddr> {
        if let Some(peer) = &self.peer
            && let Some(address) = peer(&parts.extensions)
        {
            return Some(address);
        }
        if let Some(PeerAddress(address)) = parts.extensions.get() {
            return Some(*address);
        }
        #[cfg(feature = "axum")]
        {
            use std::net::SocketAddr;
            let info = parts
                .extensions
                .get::<axum::extract::ConnectInfo<SocketAddr>>();
            info.map(|info| info.0.ip())
        }
        #[cfg(not(feature = "axum"))]
        None
    }
}

/// What the request is addressed to. HTTP/2 says it in the target, HTTP/1 in a header; a request that says it twice has to
/// say the same, since a proxy in front may have read the other one.
fn host(parts: &Parts) -> Result<Option<&str>, Rejection> {
    let mut values = parts.headers.get_all(HOST).iter();
    let header = values
        .next()
        .map(|value| std::str::from_utf8(value.as_bytes()).unwrap_or(UNREADABLE));
    if values.next().is_some() {
        return Err(Rejection::HostAmbiguous);
    }
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    match (target, header) {
        (Some(target), Some(header)) if target != header => {
            match (Host::parse(target), Host::parse(header)) {
                (Ok(one), Ok(other)) if one == other => Ok(Some(target)),
                _ => Err(Rejection::HostAmbiguous),
            }
        }
        (Some(target), _) => Ok(Some(target)),
        (None, header) => Ok(header),
    }
}

/// The bearer token, if there is one. Other schemes are the host's business.
pub(super) fn bearer(parts: &Parts) -> Result<Option<&str>, TokenError> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(TokenError::Malformed);
    }
    let bytes = value.as_bytes();
    let Some((scheme, rest)) = bytes.split_at_checked("bearer".len()) else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    match std::str::from_utf8(rest).map(|rest| (rest, rest.trim_matches(' '))) {
        Ok((rest, token)) if rest.starts_with(' ') && !token.is_empty() => Ok(Some(token)),
        _ => Err(TokenError::Malformed),
    }
}
