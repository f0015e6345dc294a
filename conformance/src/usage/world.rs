use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::ports::{Clock, UsageStore};
use tenantry::usage::{RowCount, Size, TableSize, UsageSample, UsageSampler};
use tenantry::{Settings, Slug, Tenant, TenantId, TenantName, TenantParts, TenantStatus, Version};

use super::UsageHarness;
use crate::Violation;
use crate::jobs::HandClock;

/// A fresh world with three tenants' records: where each behaviour begins.
pub(super) struct World<H> {
    pub(super) harness: H,
    pub(super) store: Arc<dyn UsageStore>,
    pub(super) clock: Arc<HandClock>,
    pub(super) acme: Tenant,
    pub(super) umbrella: Tenant,
    pub(super) initech: Tenant,
}

impl<H: UsageHarness> World<H> {
    pub(super) fn start() -> Result<Self, Violation> {
        let harness = H::start();
        let clock = Arc::new(HandClock::new());
        let [acme, umbrella, initech] = [
            tenant(1, "acme", TenantStatus::Active)?,
            tenant(2, "umbrella", TenantStatus::Suspended)?,
            tenant(3, "initech", TenantStatus::Active)?,
        ];
        let records = harness.tenants();
        for tenant in [&acme, &umbrella, &initech] {
            block_on(records.insert(tenant))?;
        }
        Ok(Self {
            store: harness.store(),
            harness,
            clock,
            acme,
            umbrella,
            initech,
        })
    }

    pub(super) fn sampler(&self) -> UsageSampler {
        let (tenants, sizes) = (self.harness.tenants(), self.harness.sizes());
        UsageSampler::new(tenants, sizes, self.harness.store(), self.clock.clone())
    }

    /// The time, so many hours after the world began.
    pub(super) fn hour(&self, hours: i64) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::hours(hours)
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    pub(super) fn record(&self, samples: &[UsageSample]) -> Result<(), Violation> {
        Ok(block_on(self.store.record(samples))?)
    }

    /// A sample of a table `items` with so many rows, and of `orders` with one.
    pub(super) fn sample(&self, tenant: &Tenant, hour: i64, rows: u64) -> UsageSample {
        UsageSample {
            tenant: tenant.id(),
            at: self.hour(hour),
            tables: vec![table("items", rows), table("orders", 1)],
        }
    }
}

/// A table with so many rows of 100 bytes.
pub(super) fn table(name: &str, rows: u64) -> TableSize {
    TableSize {
        table: name.into(),
        size: Size {
            rows: RowCount::Estimate(rows),
            bytes: 100 * rows,
            index_bytes: 10 * rows,
        },
    }
}

fn tenant(number: u8, slug: &str, status: TenantStatus) -> Result<Tenant, Violation> {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
    let parts = TenantParts {
        id: TenantId::from_parts(now, [number; 10]),
        slug: Slug::new(slug)?,
        name: TenantName::new(slug)?,
        status,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    };
    Tenant::restore(parts).map_err(|error| Violation::new(error.to_string()))
}
