//! What a dashboard shows of this process: figures by minute and tenant, within a fixed size.

mod minutes;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tenantry::TenantId;

use crate::RequestOutcome;
use minutes::Minutes;

/// Requests, errors and times of the last minutes, by tenant, of this process since its start. Cloning it shares it.
///
/// It is bounded: of each minute it keeps the figures of so many tenants, those that came first in it, and those of all others
/// in one sum. A minute's total is exact.
///
/// ```
/// use std::time::Duration;
/// # use tenantry::TenantId;
/// use tenantry_telemetry::{RequestFigures, RequestOutcome};
///
/// # fn count(acme: TenantId) {
/// let figures = RequestFigures::default(); // an hour of 1,000 tenants
/// figures.request(Some(acme), RequestOutcome::Success, Duration::from_millis(3));
/// let (tenant, hour) = figures.busiest(10)[0];
/// assert_eq!((tenant, hour.requests), (acme, 1));
/// let now = figures.of(acme).pop().expect("a minute that has begun");
/// assert_eq!(now.figures.slowest, Duration::from_millis(3));
/// # }
/// # count(TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [1; 10]));
/// ```
#[derive(Clone, Debug)]
pub struct RequestFigures {
    minutes: Arc<Mutex<Minutes>>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Requests, whatever became of them.
    pub requests: u64,
    /// Those that failed by the host's fault.
    pub errors: u64,
    /// Those that the layer refused. A refused request is nobody's, so a tenant has none.
    pub refused: u64,
    /// How long they took until their answers began, all together.
    pub time: Duration,
    /// How long the slowest one took.
    pub slowest: Duration,
    /// Scopes that were entered.
    pub scopes: u64,
    /// How long they lasted, all together.
    pub scope_time: Duration,
}

/// The figures of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinuteFigures {
    /// When it began.
    pub began: DateTime<Utc>,
    /// What was counted in it.
    pub figures: Figures,
}

impl RequestFigures {
    /// The figures of the last `minutes`, the current one among them, with at most so many `tenants` in each. Both are 1 at
    /// least. It takes some 100 bytes for each of a minute's tenants.
    pub fn new(minutes: usize, tenants: usize) -> Self {
        let minutes = Minutes::new(minutes.max(1), tenants.max(1));
        Self {
            minutes: Arc::new(Mutex::new(minutes)),
        }
    }

    /// Counts a request, of that tenant or nobody's.
    pub fn request(&self, tenant: Option<TenantId>, outcome: RequestOutcome, took: Duration) {
        let mut minutes = self.minutes.lock();
        minutes.add(tenant, &Figures::of_request(outcome, took), now());
    }

    /// Counts a scope, of that tenant or the shared one.
    pub fn scope(&self, tenant: Option<TenantId>, lasted: Duration) {
        let mut minutes = self.minutes.lock();
        minutes.add(tenant, &Figures::of_scope(lasted), now());
    }

    /// Each minute of all tenants, and of requests that were nobody's: the oldest first, and none left out.
    pub fn everything(&self) -> Vec<MinuteFigures> {
        self.minutes.lock().everything(now())
    }

    /// Each minute of one tenant, the oldest first, and none left out.
    pub fn of(&self, tenant: TenantId) -> Vec<MinuteFigures> {
        self.minutes.lock().of(tenant, now())
    }

    /// The tenants with the most requests in all minutes together, at most so many, and their sums.
    pub fn busiest(&self, most: usize) -> Vec<(TenantId, Figures)> {
        self.minutes.lock().busiest(most, now())
    }

    /// Of each minute, the sum of those tenants that it has no room for.
    pub fn without_room(&self) -> Vec<MinuteFigures> {
        self.minutes.lock().without_room(now())
    }
}

/// An hour of 1,000 tenants.
impl Default for RequestFigures {
    fn default() -> Self {
        Self::new(60, 1_000)
    }
}

impl Figures {
    fn of_request(outcome: RequestOutcome, took: Duration) -> Self {
        Self {
            requests: 1,
            errors: u64::from(outcome == RequestOutcome::ServerError),
            refused: u64::from(matches!(outcome, RequestOutcome::Refused(_))),
            time: took,
            slowest: took,
            ..Self::default()
        }
    }

    fn of_scope(lasted: Duration) -> Self {
        Self {
            scopes: 1,
            scope_time: lasted,
            ..Self::default()
        }
    }

    /// How long a request took on average.
    pub fn mean_time(&self) -> Duration {
        mean(self.time, self.requests)
    }

    /// How long a scope lasted on average.
    pub fn mean_scope_time(&self) -> Duration {
        mean(self.scope_time, self.scopes)
    }

    /// Adds what was counted elsewhere, or in another minute.
    pub fn add(&mut self, other: &Self) {
        let Self {
            requests,
            errors,
            refused,
            time,
            slowest,
            scopes,
            scope_time,
        } = self;
        *requests = requests.saturating_add(other.requests);
        *errors = errors.saturating_add(other.errors);
        *refused = refused.saturating_add(other.refused);
        *time = time.saturating_add(other.time);
        *slowest = other.slowest.max(*slowest);
        *scopes = scopes.saturating_add(other.scopes);
        *scope_time = scope_time.saturating_add(other.scope_time);
    }
}

fn mean(sum: Duration, count: u64) -> Duration {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    sum.checked_div(count).unwrap_or_default()
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
