use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;

use super::UsageSample;
use crate::jobs::{
    CronExpression, JobAttempt, JobFailure, JobHandler, JobKind, JobPayload, JobPlace, MissedRuns,
    Schedule, ScheduleName,
};
use crate::ports::{Clock, RepositoryError, TenantRepository, TenantSizes, UsageError, UsageStore};
use crate::{
    Actor, Cursor, PageRequest, PageSize, Retry, TenantFilter, TenantSchema, TenantStatus,
};

/// Takes samples of how much tenants have, and forgets old ones.
///
/// Every tenant with a schema is sampled, a suspended one too. One whose schema isn't there is left out.
#[derive(Clone)]
pub struct UsageSampler {
    tenants: Arc<dyn TenantRepository>,
    sizes: Arc<dyn TenantSizes>,
    store: Arc<dyn UsageStore>,
    clock: Arc<dyn Clock>,
    keep: Duration,
}

/// What a run of the [`UsageSampler`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sampled {
    /// Tenants whose sample was recorded.
    pub tenants: u64,
    /// Samples that were older than is kept.
    pub pruned: u64,
}

impl UsageSampler {
    /// The kind of the job that takes samples: `tenantry.sample-usage`.
    pub const KIND: &str = "tenantry.sample-usage";

    /// How long samples are kept, unless [`keeping`](Self::keeping) says otherwise: 400 days.
    pub const KEPT: Duration = Duration::from_hours(400 * 24);

    /// Tenants that are sampled at once.
    const STEP: u16 = 200;

    /// Samples that are forgotten at once.
    const PRUNED: PageSize = PageSize::LARGEST;

    /// A sampler over these ports.
    pub fn new(
        tenants: Arc<dyn TenantRepository>,
        sizes: Arc<dyn TenantSizes>,
        store: Arc<dyn UsageStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            tenants,
            sizes,
            store,
            clock,
            keep: Self::KEPT,
        }
    }

    /// The same, that forgets samples older than this.
    #[must_use]
    pub fn keeping(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// The kind of the job that takes samples.
    #[expect(clippy::missing_panics_doc, reason = "the word is well formed")]
    pub fn kind() -> JobKind {
        JobKind::new(Self::KIND).expect("it is well formed")
    }

    /// A schedule that puts the job in, in the shared scope: `23 * * * *` samples every hour. A run that is late is left to the
    /// next one, and while one waits no other is put in.
    #[expect(clippy::missing_panics_doc, reason = "the word is well formed")]
    pub fn schedule(actor: Actor, cron: CronExpression) -> Schedule {
        let name = ScheduleName::new(Self::KIND).expect("it is well formed");
        let payload = JobPayload::of(&()).expect("nothing is JSON");
        Schedule::shared_on_purpose(actor, name, cron, Self::kind(), payload)
            .with_missed_runs(MissedRuns::LeaveOut)
    }

    /// Samples every tenant, and forgets what is too old.
    ///
    /// All tenants' samples of a run have one time. A run that is repeated at the same time changes nothing.
    ///
    /// # Errors
    /// [`SampleError`]: what was recorded until then stays.
    ///
    /// # Cost
    /// Three calls of ports for every 200 tenants.
    pub async fn sample(&self) -> Result<Sampled, SampleError> {
        let at = self.clock.now();
        let mut sampled = Sampled::default();
        let size = PageSize::new(Self::STEP).unwrap_or_default();
        let mut next = Some(PageRequest::first(size));
        let filter = TenantFilter {
            statuses: alloc::vec![TenantStatus::Active, TenantStatus::Suspended],
            search: None,
        };
        while let Some(request) = next {
            let page = self.tenants.list(&filter, request).await?;
            let schemas: Vec<TenantSchema> = page.items.iter().map(crate::Tenant::schema).collect();
            let usages = self.sizes.sizes(&schemas).await?;
            let seen: Vec<UsageSample> =
                usages.into_iter().map(|usage| usage.sampled(at)).collect();
            self.store.record(&seen).await?;
            sampled.tenants += seen.len() as u64;
            let following: Option<Cursor> = page.next;
            next = request.following(following)?;
        }
        let keep = TimeDelta::from_std(self.keep).unwrap_or(TimeDelta::MAX);
        let Some(before) = at.checked_sub_signed(keep) else {
            return Ok(sampled);
        };
        loop {
            let pruned = self.store.prune(before, Self::PRUNED).await?;
            sampled.pruned += pruned;
            if pruned < u64::from(Self::PRUNED.number()) {
                return Ok(sampled);
            }
        }
    }
}

/// As a job: its result says what a run [did](Sampled).
#[async_trait]
impl JobHandler for UsageSampler {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        if let JobPlace::Tenant(context) = &attempt.place {
            let tenant = context.id();
            return Err(JobFailure::permanent(alloc::format!(
                "usage is sampled in the shared scope, and the job is tenant {tenant}'s"
            )));
        }
        match self.sample().await {
            Ok(sampled) => Ok(Some(JobPayload::of(&sampled)?)),
            Err(error) => Err(match error.retry() {
                Retry::Now | Retry::Later => JobFailure::transient(error),
                Retry::Never => JobFailure::permanent(error),
            }),
        }
    }
}

/// Why a run of the [`UsageSampler`] didn't get to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The tenants couldn't be listed.
    #[error(transparent)]
    Tenants(#[from] RepositoryError),
    /// Sizes or samples couldn't be had.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

impl SampleError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Tenants(error) => error.retry(),
            Self::Usage(error) => error.retry(),
        }
    }
}
