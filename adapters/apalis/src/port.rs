use std::collections::BTreeSet;
use std::time::Duration;

use apalis_core::task::task_id::TaskId;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach, JobScope,
    JobState, Lease, LeasedJob,
};
use tenantry::ports::{
    Enqueued, JobFilter, JobListing, JobPage, JobQueue, JobQueueError, JobRecord, JobShare,
    JobStats, Prune, WaitReach,
};

use crate::attempt::PutOff;
use crate::carried::{scope_text, task_id};
use crate::failed::failed;
use crate::queue::{ApalisJobQueue, changed, key_of, read_id};
use crate::row::Row;
use crate::sql;

/// The longest wait, in microseconds: a hundred years, after which PostgreSQL still has times.
const LONGEST_WAIT: i64 = 100 * 366 * 24 * 60 * 60 * 1_000_000;

#[async_trait]
impl JobQueue for ApalisJobQueue {
    async fn enqueue(&self, job: &JobEnvelope) -> Result<Enqueued, JobQueueError> {
        self.enqueue_on(&mut *self.connection().await?, job).await
    }

    async fn reserve(
        &self,
        _kinds: &BTreeSet<JobKind>,
        _lease_for: Duration,
    ) -> Result<Option<LeasedJob>, JobQueueError> {
        Err(handed_out_by_apalis())
    }

    async fn extend(&self, _lease: &Lease, _for: Duration) -> Result<Lease, JobQueueError> {
        Err(handed_out_by_apalis())
    }

    async fn complete(
        &self,
        _lease: &Lease,
        _output: Option<JobPayload>,
    ) -> Result<(), JobQueueError> {
        Err(handed_out_by_apalis())
    }

    async fn retry(
        &self,
        _lease: &Lease,
        _after: Duration,
        _error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        Err(handed_out_by_apalis())
    }

    async fn bury(
        &self,
        _lease: &Lease,
        _reason: DeathReason,
        _error: &JobErrorText,
    ) -> Result<(), JobQueueError> {
        Err(handed_out_by_apalis())
    }

    async fn give_back(
        &self,
        _lease: &Lease,
        _wait: Duration,
        _reach: WaitReach,
    ) -> Result<(), JobQueueError> {
        Err(handed_out_by_apalis())
    }

    async fn find(&self, id: JobId) -> Result<JobRecord, JobQueueError> {
        let found: Option<Row> = sqlx::query_as(sql::FIND)
            .bind(task_id(id).to_string())
            .bind(self.queue())
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        Ok(found.ok_or(JobQueueError::NotFound { id })?.into_record()?)
    }

    async fn list(&self, filter: &JobFilter, page: JobPage) -> Result<JobListing, JobQueueError> {
        let states: Vec<_> = filter.states.iter().map(|state| state.as_str()).collect();
        let states = (!states.is_empty()).then_some(states);
        let mut listing = JobListing::default();
        let mut after = page.after.map(|id| task_id(id).to_string());
        let mut most = page.size.number();
        loop {
            let rows: Vec<Row> = sqlx::query_as(sql::LIST)
                .bind(self.queue())
                .bind(after)
                .bind(scope_of(filter.reach))
                .bind(states.clone())
                .bind(i64::from(most))
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
            let full = rows.len() == usize::from(most);
            after = rows.last().map(|row| row.id().to_owned());
            for row in rows {
                listing.add(row.into_record());
            }
            if !full {
                return Ok(listing);
            }
            listing.next = after.as_deref().and_then(|last| read_id(last).ok());
            if listing.next.is_some() {
                return Ok(listing);
            }
            // Nobody could go on after the last one's id: the page ends with the next that has one.
            most = 1;
        }
    }

    async fn put_back(&self, id: JobId) -> Result<(), JobQueueError> {
        let job = self.find(id).await?.job;
        let mut connection = self.connection().await?;
        self.free_key(&mut connection, &job).await?;
        let put_back = sqlx::query(sql::PUT_BACK)
            .bind(task_id(id).to_string())
            .bind(self.queue())
            .bind(key_of(&job))
            .execute(&mut *connection)
            .await;
        match put_back {
            Ok(done) if done.rows_affected() > 0 => Ok(()),
            Ok(_) => Err(self.refusal(id, "a dead letter", "put back").await),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                let holder = self.holder(sql::KEY_HOLDER, &mut connection, &job).await?;
                let (Some(key), Some(holder)) = (job.into_parts().unique_key, holder) else {
                    return Err(failed(sqlx::Error::Database(error)));
                };
                Err(JobQueueError::UniqueKeyTaken { id, key, holder })
            }
            Err(error) => Err(failed(error)),
        }
    }

    async fn make_due(&self, id: JobId) -> Result<(), JobQueueError> {
        if self.change(sql::MAKE_DUE, id).await? {
            return Ok(());
        }
        Err(self.refusal(id, "a waiting job", "made due").await)
    }

    async fn cancel(&self, id: JobId) -> Result<(), JobQueueError> {
        if self.change(sql::CANCEL, id).await? {
            return Ok(());
        }
        let wanted = "a waiting job or a dead letter";
        Err(self.refusal(id, wanted, "cancelled").await)
    }

    async fn stats(&self, reach: JobReach) -> Result<JobStats, JobQueueError> {
        let counts: Vec<(String, i64)> = sqlx::query_as(sql::STATS)
            .bind(self.queue())
            .bind(scope_of(reach))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let mut counted = JobStats::default();
        for (state, jobs) in counts {
            let state = state.parse().map_err(unknown)?;
            counted.add(state, u64::try_from(jobs).map_err(unknown)?);
        }
        Ok(counted)
    }

    async fn prune(
        &self,
        reach: JobReach,
        ended_before: DateTime<Utc>,
        what: Prune,
    ) -> Result<u64, JobQueueError> {
        let states = JobState::ALL.into_iter().filter(|state| what.takes(*state));
        let prune = sqlx::query(sql::PRUNE)
            .bind(self.queue())
            .bind(scope_of(reach))
            .bind(ended_before.timestamp_micros())
            .bind(states.map(JobState::as_str).collect::<Vec<_>>());
        changed(prune, &mut *self.connection().await?).await
    }

    async fn set_share(&self, _scope: JobScope, _share: JobShare) -> Result<(), JobQueueError> {
        Err(handed_out_by_apalis())
    }
}

#[async_trait]
impl PutOff for ApalisJobQueue {
    async fn put_off(
        &self,
        task: &TaskId,
        worker: &str,
        wait: Duration,
        reach: WaitReach,
    ) -> Result<bool, JobQueueError> {
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
        let put_off = match reach {
            WaitReach::Job => sqlx::query(sql::PUT_OFF),
            WaitReach::Scope => sqlx::query(sql::PUT_OFF_SCOPE),
        }
        .bind(task.to_string())
        .bind(worker)
        .bind(wait.min(LONGEST_WAIT));
        Ok(changed(put_off, &mut *self.connection().await?).await? > 0)
    }
}

fn scope_of(reach: JobReach) -> Option<String> {
    match reach {
        JobReach::Everything => None,
        JobReach::Only(scope) => Some(scope_text(scope)),
    }
}

fn unknown(error: impl std::error::Error + Send + Sync + 'static) -> JobQueueError {
    JobQueueError::Failed {
        source: error.into(),
    }
}

fn handed_out_by_apalis() -> JobQueueError {
    JobQueueError::Unsupported {
        operation: "handing jobs out, and the shares by which that goes, are apalis' own: run its workers",
    }
}
