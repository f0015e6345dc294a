//! The metrics that every host has. No label's value comes from outside: each is one of a few words.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::RequestOutcome;

/// A word for one label.
pub(crate) type Label = [(&'static str, &'static str); 1];
/// Words for two.
pub(crate) type Labels = [(&'static str, &'static str); 2];
/// A sum of seconds.
pub(crate) type Seconds = Counter<f64, AtomicU64>;

/// Times by label.
pub(crate) type Times = Family<Label, Histogram, fn() -> Histogram>;

#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Family<Label, Counter>,
    refusals: Family<Label, Counter>,
    request_times: Times,
    pub(crate) in_flight: Gauge,
    pub(crate) scope_waits: Times,
    pub(crate) scope_times: Times,
    pub(crate) scopes_not_entered: Family<Label, Counter>,
    pub(crate) jobs: Family<Labels, Counter>,
    pub(crate) job_failures: Counter,
    pub(crate) leases_lost: Counter,
    pub(crate) queue: Family<Label, Gauge>,
    pub(crate) cache_reads: Family<Label, Counter>,
    pub(crate) cache_errors: Family<Label, Counter>,
    pub(crate) changes: Family<Label, Counter>,
}

impl Metrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let this = Self {
            requests: Family::default(),
            refusals: Family::default(),
            request_times: Times::new_with_constructor(request_times),
            in_flight: Gauge::default(),
            scope_waits: Times::new_with_constructor(scope_times),
            scope_times: Times::new_with_constructor(scope_times),
            scopes_not_entered: Family::default(),
            jobs: Family::default(),
            job_failures: Counter::default(),
            leases_lost: Counter::default(),
            queue: Family::default(),
            cache_reads: Family::default(),
            cache_errors: Family::default(),
            changes: Family::default(),
        };
        this.register_requests(registry);
        this.register_others(registry);
        this
    }

    fn register_requests(&self, registry: &mut Registry) {
        registry.register(
            "requests",
            "Requests by what became of them",
            self.requests.clone(),
        );
        registry.register(
            "refusals",
            "Requests that ended at the layer, by reason",
            self.refusals.clone(),
        );
        registry.register(
            "request_seconds",
            "How long requests took until their answers began, by what became of them",
            self.request_times.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests whose answers haven't begun",
            self.in_flight.clone(),
        );
    }

    fn register_others(&self, registry: &mut Registry) {
        registry.register(
            "scope_wait_seconds",
            "How long it took to enter a scope, with the wait for a connection",
            self.scope_waits.clone(),
        );
        registry.register(
            "scope_seconds",
            "How long the work inside of scopes took, up to their end",
            self.scope_times.clone(),
        );
        registry.register(
            "scopes_not_entered",
            "Scopes that couldn't be entered",
            self.scopes_not_entered.clone(),
        );
        registry.register(
            "jobs",
            "Jobs that workers of this process took, by what became of them",
            self.jobs.clone(),
        );
        registry.register(
            "job_failures",
            "Times that the queue or the store of tenants failed a worker",
            self.job_failures.clone(),
        );
        registry.register(
            "job_leases_lost",
            "Jobs that another worker has, or may have, while a handler of this process is at them",
            self.leases_lost.clone(),
        );
        registry.register(
            "queue_jobs",
            "Jobs in the queue by state, as of when it was asked last",
            self.queue.clone(),
        );
        registry.register(
            "cache_reads",
            "Keys that were read from the cache, by whether there was an entry",
            self.cache_reads.clone(),
        );
        registry.register(
            "cache_errors",
            "Calls of the cache that failed, by kind",
            self.cache_errors.clone(),
        );
        registry.register(
            "tenant_changes",
            "What the feed of changed tenants told",
            self.changes.clone(),
        );
    }

    pub(crate) fn request(&self, outcome: RequestOutcome, took: Duration) {
        let label = [("outcome", outcome.as_str())];
        self.requests.get_or_create(&label).inc();
        self.request_times
            .get_or_create(&label)
            .observe(took.as_secs_f64());
        if let RequestOutcome::Refused(reason) = outcome {
            self.refusals.get_or_create(&[("reason", reason)]).inc();
        }
    }
}

/// From half a millisecond to ten seconds.
fn request_times() -> Histogram {
    Histogram::new([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ])
}

/// From fifty microseconds to five seconds.
fn scope_times() -> Histogram {
    Histogram::new([
        0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0,
        5.0,
    ])
}
