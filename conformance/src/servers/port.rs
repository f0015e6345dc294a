use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Ports of the loopback that nobody listens on now, in an order of each caller's own.
///
/// They lie below the range that systems hand out for outgoing connections, so that a port stays free while its
/// server is stopped. Another process may still be quicker: take the next one then.
pub(super) fn free_ports() -> impl Iterator<Item = u16> {
    let start = u16::try_from(RandomState::new().hash_one(std::process::id()) % u64::from(COUNT))
        .unwrap_or(0);
    (0..COUNT)
        .map(move |step| FIRST + (start + step) % COUNT)
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}
