//! How many requests one tenant may make, so that none crowds out the others.

mod in_flight;
mod rate;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tenantry::TenantId;

use crate::Rejection;
use in_flight::InFlight;
use rate::Rates;

pub(crate) use in_flight::Permit;

/// The limits of each tenant's requests. Without any, there are none.
///
/// They are kept in this process: of three processes, each allows so much. A clone counts with the others.
///
/// ```
/// use std::num::NonZeroU32;
/// use tenantry_http::{RequestRate, TenantLimits};
///
/// let limits = TenantLimits::none()
///     .rate(RequestRate { per_second: NonZeroU32::new(50).unwrap(), burst: NonZeroU32::new(100).unwrap() })
///     .in_flight(20);
/// # let _ = limits;
/// ```
#[derive(Clone, Debug, Default)]
pub struct TenantLimits {
    rates: Option<Arc<Rates>>,
    in_flight: Option<Arc<InFlight>>,
}

/// How often a tenant may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRate {
    /// So many requests a second in the long run.
    pub per_second: NonZeroU32,
    /// So many at once, after a pause.
    pub burst: NonZeroU32,
}

impl TenantLimits {
    /// How soon to try again when too many requests are in flight: nobody knows when one ends.
    const SOON: Duration = Duration::from_secs(1);

    /// No limits.
    pub fn none() -> Self {
        Self::default()
    }

    /// Limits how often each tenant asks.
    #[must_use]
    pub fn rate(mut self, rate: RequestRate) -> Self {
        self.rates = Some(Arc::new(Rates::new(rate)));
        self
    }

    /// Limits how many requests of each tenant are in flight at a time: from the moment that they come through until
    /// their response's body has ended. At least one.
    #[must_use]
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.in_flight = Some(Arc::new(InFlight::new(requests)));
        self
    }

    /// Counts a request. The place among those in flight first, since it can be given back.
    pub(crate) fn admit(&self, tenant: TenantId) -> Result<Option<Permit>, Rejection> {
        let permit = match &self.in_flight {
            None => None,
            Some(in_flight) => match in_flight.enter(tenant) {
                Some(permit) => Some(permit),
                None => {
                    return Err(Rejection::TooManyInFlight {
                        retry_after: Self::SOON,
                    });
                }
            },
        };
        if let Some(rates) = &self.rates {
            rates
                .count(tenant)
                .map_err(|retry_after| Rejection::TooManyRequests { retry_after })?;
        }
        Ok(permit)
    }
}
