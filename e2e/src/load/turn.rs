use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tenantry::Tenant;
use tokio::task::JoinSet;

use super::PATIENCE;
use crate::Failure;
use crate::client::Client;

/// So many clients that ask for so long.
pub(super) struct Turn {
    pub(super) tenants: Arc<[Tenant]>,
    pub(super) connections: usize,
    pub(super) lasts: Duration,
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How long each answer took, in microseconds.
    pub(super) times: Vec<u32>,
    /// Answers with another tenant's mark.
    pub(super) crossings: u64,
    /// What else was no good answer, and the first of it.
    pub(super) failures: u64,
    pub(super) first_failure: Option<String>,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.crossings += other.crossings;
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }

    fn fail(&mut self, what: String) {
        self.failures += 1;
        self.first_failure.get_or_insert(what);
    }
}

impl Turn {
    pub(super) async fn ask(&self, address: SocketAddr) -> Result<Seen, Failure> {
        let until = Instant::now() + self.lasts;
        let mut asking = JoinSet::new();
        for number in 0..self.connections as u64 {
            let tenants = Arc::clone(&self.tenants);
            let random = Rng::with_seed(self.seed.wrapping_mul(10_007).wrapping_add(number));
            asking.spawn(one(address, tenants, random, until));
        }
        let mut seen = Seen::default();
        while let Some(one) = asking.join_next().await {
            seen.add(one?);
        }
        Ok(seen)
    }
}

/// One client, on one connection, with one request at a time.
async fn one(address: SocketAddr, tenants: Arc<[Tenant]>, mut random: Rng, until: Instant) -> Seen {
    let mut client = Client::new(address, PATIENCE);
    let mut seen = Seen::default();
    let mut is_connected = false;
    while Instant::now() < until {
        let tenant = &tenants[random.usize(..tenants.len())];
        let host = format!("{}.example.com", tenant.slug());
        let began = Instant::now();
        match client.ask("GET", &host, "/mark").await {
            Err(error) => seen.fail(error.to_string()),
            Ok(answer) if answer.status != 200 => seen.fail(answer.body),
            Ok(answer) => {
                let microseconds = began.elapsed().as_micros();
                // The first answer waited for the connection, too: all are opened at once.
                if is_connected {
                    seen.times
                        .push(u32::try_from(microseconds).unwrap_or(u32::MAX));
                }
                is_connected = true;
                seen.crossings += u64::from(answer.body != tenant.id().to_string());
            }
        }
    }
    seen
}
