use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use axum::http::Extensions;
use tenantry_http::PeerAddress;

/// Lets so many attempts to sign in fail from one address, and no more for a while.
///
/// Nobody guesses a token of 256 random bits. It keeps those who try from keeping the store busy.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<Windows>);

#[derive(Debug, Default)]
struct Windows {
    of: HashMap<Client, Window>,
    swept_at: Option<Instant>,
}

/// Who tries: an address, or a network as small as one is given. All those whose address isn't known are one.
pub(super) type Client = Option<IpAddr>;

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    failures: u32,
}

impl Throttle {
    const MOST: u32 = 20;
    const WITHIN: Duration = Duration::from_mins(1);
    const CLIENTS: usize = 10_000;

    /// Counts an attempt as failed, until it is [forgiven](Self::forgive): so those at the same moment count, too.
    ///
    /// # Errors
    /// How long there are none any more.
    pub(super) fn attempt(&self, client: Client, now: Instant) -> Result<(), Duration> {
        let mut windows = self.windows();
        let client = windows.room_for(client, now);
        let fresh = Window {
            since: now,
            failures: 0,
        };
        let window = windows.of.entry(client).or_insert(fresh);
        if window.is_over(now) {
            *window = fresh;
        }
        if window.failures >= Self::MOST {
            return Err(Self::WITHIN.saturating_sub(now.duration_since(window.since)));
        }
        window.failures += 1;
        Ok(())
    }

    /// The attempt didn't fail.
    pub(super) fn forgive(&self, client: Client) {
        if let Some(window) = self.windows().of.get_mut(&client) {
            window.failures = window.failures.saturating_sub(1);
        }
    }

    fn windows(&self) -> MutexGuard<'_, Windows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Windows {
    const SWEPT_EVERY: Duration = Duration::from_secs(1);

    /// Under whom an attempt is counted: so many clients at once are one.
    fn room_for(&mut self, client: Client, now: Instant) -> Client {
        if self.of.len() < Throttle::CLIENTS || self.of.contains_key(&client) {
            return client;
        }
        let lately = |at| now.duration_since(at) < Self::SWEPT_EVERY;
        if !self.swept_at.is_some_and(lately) {
            self.of.retain(|_, window| !window.is_over(now));
            self.swept_at = Some(now);
        }
        client.filter(|_| self.of.len() < Throttle::CLIENTS)
    }
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= Throttle::WITHIN
    }
}

/// Who is at the other end. Behind a proxy it is the proxy, unless the host puts the client's address there.
pub(super) fn client_of(extensions: &Extensions) -> Client {
    let peer = extensions.get::<PeerAddress>().map(|peer| peer.0);
    let address = peer.or_else(|| {
        let info = extensions.get::<ConnectInfo<SocketAddr>>();
        info.map(|info| info.0.ip())
    });
    address.map(|address| match address {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_none() => {
            IpAddr::V6((address.to_bits() >> 64 << 64).into())
        }
        address => address.to_canonical(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exhausted(throttle: &Throttle, client: Client, now: Instant) -> u32 {
        (0..1_000)
            .map(|_| u32::from(throttle.attempt(client, now).is_ok()))
            .sum()
    }

    #[test]
    fn so_many_fail_from_one_address_and_the_others_still_may() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let one = Some(IpAddr::from([192, 0, 2, 1]));
        assert_eq!(exhausted(&throttle, one, now), Throttle::MOST);
        let wait = throttle
            .attempt(one, now + Duration::from_secs(20))
            .expect_err("none are left");
        assert_eq!(wait, Duration::from_secs(40));
        assert!(throttle.attempt(None, now).is_ok(), "another");
        assert_eq!(
            exhausted(&throttle, one, now + Throttle::WITHIN),
            Throttle::MOST,
            "later"
        );
    }

    #[test]
    fn what_succeeds_isnt_counted() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..100 {
            assert!(throttle.attempt(None, now).is_ok());
            throttle.forgive(None);
        }
        assert_eq!(exhausted(&throttle, None, now), Throttle::MOST);
    }

    #[test]
    fn a_network_of_addresses_is_one_client() {
        let client = |address: &str| {
            let mut extensions = Extensions::new();
            let address = address.parse().expect("an address");
            extensions.insert(PeerAddress(address));
            client_of(&extensions)
        };
        assert_eq!(client("2001:db8::1"), client("2001:db8::2:3"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_eq!(client_of(&Extensions::new()), None);
    }

    #[test]
    fn its_memory_is_bounded() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let addresses = (0..30_000_u32).map(|number| IpAddr::V4(number.into()));
        let let_through = addresses
            .filter(|address| throttle.attempt(Some(*address), now).is_ok())
            .count();
        assert!(throttle.windows().of.len() <= Throttle::CLIENTS + 1);
        assert_eq!(
            let_through,
            Throttle::CLIENTS + Throttle::MOST as usize,
            "the rest share one count"
        );
        let later = now + Throttle::WITHIN;
        let another = Some(IpAddr::from([192, 0, 2, 1]));
        assert!(throttle.attempt(another, later).is_ok());
        assert_eq!(throttle.windows().of.len(), 1, "what is over is forgotten");
    }
}
