use std::fmt;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use tenantry::ports::{ChangeSignal, TenantChanges};

use crate::Telemetry;

/// Any feed of changed tenants, watched: what it tells, and how fresh it proves itself to be.
///
/// # Contract
/// That of the feed behind it. Every signal is passed on as it is.
#[derive(Debug)]
pub struct ObservedChanges<C> {
    changes: C,
    telemetry: Telemetry,
}

impl<C> ObservedChanges<C> {
    /// Watches a feed. Of several in one process, the freshness of the last one that proved its own is shown.
    pub fn new(changes: C, telemetry: Telemetry) -> Self {
        Self { changes, telemetry }
    }

    /// The feed behind it.
    pub fn inner(&self) -> &C {
        &self.changes
    }

    fn tell(&self, signal: ChangeSignal) {
        let freshness = self.telemetry.freshness();
        let word = match signal {
            ChangeSignal::Connected => "connected",
            ChangeSignal::Current { age } => {
                freshness.prove(age);
                return;
            }
            ChangeSignal::Tenant(_) => "tenant",
            ChangeSignal::Everything => "everything",
            ChangeSignal::Cut => "cut",
            _ => "unknown",
        };
        let changes = &self.telemetry.metrics().changes;
        changes.get_or_create(&[("signal", word)]).inc();
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a method that isn't passed on isn't counted"
)]
#[async_trait]
impl<C: TenantChanges> TenantChanges for ObservedChanges<C> {
    async fn next(&mut self) -> ChangeSignal {
        let signal = self.changes.next().await;
        self.tell(signal);
        signal
    }
}

/// When it was proven last that no change was missed.
#[derive(Debug, Default)]
pub(crate) struct Freshness {
    proven_at: Mutex<Option<Instant>>,
}

impl Freshness {
    fn prove(&self, age: Duration) {
        let proven_at = Instant::now().checked_sub(age);
        let mut last = self.proven_at.lock();
        *last = proven_at.max(*last);
    }
}

impl Collector for Freshness {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(proven_at) = *self.proven_at.lock() else {
            return Ok(());
        };
        let gauge = encoder.encode_descriptor(
            "tenant_changes_age_seconds",
            "How long ago it was proven that every change of a tenant was heard of",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(proven_at.elapsed().as_secs_f64()).encode(gauge)
    }
}
