use core::net::IpAddr;

use super::TenantReference;

/// What a request says about its tenant, before anybody has judged it.
///
/// Whoever gathers the facts gives what the wire said. Two facts need more than copying: a token's claim is given only
/// after its signature, audience and expiry were verified, and the peer is whom the connection really comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFacts<'a> {
    /// What the request is addressed to, with or without a port: its `:authority`, or its `Host` header.
    pub host: Option<&'a str>,
    /// The path as it came, still percent-encoded, without the query.
    pub path: &'a str,
    /// The header that names a tenant.
    pub header: HeaderFact<'a>,
    /// The address at the other end of the connection, if it is known.
    pub peer: Option<IpAddr>,
    /// The claim of a verified token.
    pub token: Option<&'a str>,
    /// What the host's own code says.
    pub own: Option<TenantReference>,
}

impl<'a> RequestFacts<'a> {
    /// The facts of a request for `path` that says nothing else.
    pub fn new(path: &'a str) -> Self {
        Self {
            host: None,
            path,
            header: HeaderFact::Absent,
            peer: None,
            token: None,
            own: None,
        }
    }
}

/// How often the header that names a tenant was there, and what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFact<'a> {
    /// Not at all.
    Absent,
    /// Once, with this value.
    Once(&'a [u8]),
    /// More than once, so that two readers may choose differently.
    Repeated,
}
