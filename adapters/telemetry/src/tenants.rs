use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tenantry::TenantId;

use crate::RequestOutcome;
use crate::metrics::Seconds;
use crate::top::Top;

/// All tenants that aren't among the busiest.
const OTHER: &str = "other";

/// What is told of each of the busiest tenants, and of all others together.
#[derive(Debug)]
pub(crate) struct TenantMetrics {
    top: Mutex<Top>,
    requests: Family<[(&'static str, String); 2], Counter>,
    seconds: Family<[(&'static str, String); 1], Seconds>,
    scope_seconds: Family<[(&'static str, String); 1], Seconds>,
}

impl TenantMetrics {
    pub(crate) fn new(most: usize, registry: &mut Registry) -> Self {
        let this = Self {
            top: Mutex::new(Top::new(most)),
            requests: Family::default(),
            seconds: Family::default(),
            scope_seconds: Family::default(),
        };
        registry.register(
            "tenant_requests",
            "Requests of the busiest tenants by their ids, and of all others together, by outcome",
            this.requests.clone(),
        );
        registry.register(
            "tenant_request_seconds",
            "How long the requests of the busiest tenants took until their answers began",
            this.seconds.clone(),
        );
        registry.register(
            "tenant_scope_seconds",
            "How long the scopes of the busiest tenants lasted",
            this.scope_seconds.clone(),
        );
        this
    }

    pub(crate) fn request(&self, tenant: TenantId, outcome: RequestOutcome, took: Duration) {
        self.tell(tenant, |tenant| {
            let seconds = self.seconds.get_or_create(&[("tenant", tenant.clone())]);
            seconds.inc_by(took.as_secs_f64());
            let outcome = outcome.as_str().to_owned();
            let requests = [("tenant", tenant), ("outcome", outcome)];
            self.requests.get_or_create(&requests).inc();
        });
    }

    pub(crate) fn scope(&self, tenant: TenantId, lasted: Duration) {
        self.tell(tenant, |tenant| {
            let seconds = self.scope_seconds.get_or_create(&[("tenant", tenant)]);
            seconds.inc_by(lasted.as_secs_f64());
        });
    }

    /// Tells it of the tenant's id if it is among the busiest. The series of those that no longer are end with this.
    ///
    /// The lock is held until it is told: nobody may tell of a tenant whose series have ended meanwhile.
    fn tell(&self, tenant: TenantId, tell: impl FnOnce(String)) {
        let mut top = self.top.lock();
        let place = top.see(tenant, Instant::now());
        for dropped in place.dropped {
            self.end(&dropped.to_string());
        }
        tell(if place.chosen {
            tenant.to_string()
        } else {
            OTHER.to_owned()
        });
    }

    fn end(&self, tenant: &str) {
        for outcome in RequestOutcome::ALL {
            let outcome = outcome.to_owned();
            self.requests
                .remove(&[("tenant", tenant.to_owned()), ("outcome", outcome)]);
        }
        for family in [&self.seconds, &self.scope_seconds] {
            family.remove(&[("tenant", tenant.to_owned())]);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn the_series_of_a_tenant_that_is_no_longer_among_the_busiest_end() {
        let mut registry = Registry::default();
        let metrics = TenantMetrics::new(1, &mut registry);
        let ids = [1, 2].map(|number| TenantId::from_parts(DateTime::UNIX_EPOCH, [number; 10]));
        let shown = || {
            let mut text = String::new();
            let _ = prometheus_client::encoding::prometheus_text::encode(&mut text, &registry);
            ids.map(|id| text.matches(&id.to_string()).count())
        };
        for outcome in [RequestOutcome::Success, RequestOutcome::Cancelled] {
            metrics.request(ids[0], outcome, Duration::ZERO);
        }
        metrics.scope(ids[0], Duration::ZERO);
        assert_eq!(shown(), [4, 0]);
        let mut now = Instant::now();
        for _ in 0..4 {
            now += Top::ROUND;
            let place = metrics.top.lock().see(ids[1], now);
            for dropped in place.dropped {
                metrics.end(&dropped.to_string());
            }
        }
        assert_eq!(shown(), [0, 0]);
    }
}
