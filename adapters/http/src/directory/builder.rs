use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tenantry::ports::{DomainOwners, TenantRepository};
use tokio::sync::Semaphore;

use super::bucket::Bucket;
use super::entry::{Known, Marks};
use super::flights::Flights;
use super::freshness::Freshness;
use super::{Inner, TenantDirectory};

/// Sets a [`TenantDirectory`] up.
#[must_use = "it is completed by build"]
pub struct DirectoryBuilder {
    tenants: Arc<dyn TenantRepository>,
    domains: Option<Arc<dyn DomainOwners>>,
    settings: DirectorySettings,
}

#[derive(Clone, Debug)]
pub(super) struct DirectorySettings {
    pub(super) trust_for: Duration,
    pub(super) patience: Duration,
    pub(super) capacity: u64,
    pub(super) absent_capacity: u64,
    pub(super) unknown_per_second: u32,
    pub(super) readers: usize,
}

impl DirectoryBuilder {
    /// The shortest time for which anything is trusted: less wouldn't outlast the look-up itself.
    pub const LEAST_TRUST: Duration = Duration::from_millis(10);

    pub(super) fn new(tenants: Arc<dyn TenantRepository>) -> Self {
        Self {
            tenants,
            domains: None,
            settings: DirectorySettings {
                trust_for: Duration::from_secs(1),
                patience: Duration::from_secs(2),
                capacity: 100_000,
                absent_capacity: 10_000,
                unknown_per_second: 50,
                readers: 16,
            },
        }
    }

    /// Finds tenants by domains of their own, too.
    pub fn domains(mut self, domains: Arc<dyn DomainOwners>) -> Self {
        self.domains = Some(domains);
        self
    }

    /// How long something is believed without proof: a second, unless said otherwise, and at least
    /// [`LEAST_TRUST`](Self::LEAST_TRUST).
    ///
    /// This is how long a suspended tenant can still be served by a process that can't hear of it. Without a feed of
    /// changes it is also how often an active tenant's record is read.
    pub fn trust_for(mut self, time: Duration) -> Self {
        self.settings.trust_for = time.max(Self::LEAST_TRUST);
        self
    }

    /// How long a look-up may take before it counts as failed: two seconds, unless said otherwise.
    pub fn patience(mut self, time: Duration) -> Self {
        self.settings.patience = time;
        self
    }

    /// How many tenants are remembered: 100,000, unless said otherwise. One whose settings are larger than a kibibyte
    /// counts for more, one for each kibibyte.
    pub fn capacity(mut self, tenants: u64) -> Self {
        self.settings.capacity = tenants;
        self
    }

    /// How many names are remembered that nobody has: 10,000, unless said otherwise.
    pub fn unknown_capacity(mut self, names: u64) -> Self {
        self.settings.absent_capacity = names;
        self
    }

    /// How many look-ups a second may turn out to be for nobody: 50, unless said otherwise, and at least one. That many
    /// may come at once.
    pub fn unknown_per_second(mut self, look_ups: u32) -> Self {
        self.settings.unknown_per_second = look_ups.max(1);
        self
    }

    /// How many look-ups may be under way at a time: 16, unless said otherwise, and at least one.
    pub fn readers(mut self, readers: usize) -> Self {
        self.settings.readers = readers.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// The directory, with nothing remembered.
    pub fn build(self) -> TenantDirectory {
        let Self {
            tenants,
            domains,
            settings,
        } = self;
        let known = Cache::builder()
            .max_capacity(settings.capacity)
            .weigher(|_, known: &Arc<Known>| known.weight)
            .build();
        let inner = Inner {
            tenants,
            domains,
            known,
            absent: Cache::new(settings.absent_capacity),
            marks: Marks::default(),
            flights: Flights::default(),
            freshness: Freshness::new(settings.trust_for),
            unknown: Bucket::new(settings.unknown_per_second),
            readers: Semaphore::new(settings.readers),
            settings,
        };
        TenantDirectory {
            inner: Arc::new(inner),
        }
    }
}

impl fmt::Debug for DirectoryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
