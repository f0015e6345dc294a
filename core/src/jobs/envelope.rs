use alloc::string::String;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{JobId, JobKind, JobPayload, JobScope, MaxAttempts, Priority, TraceContext, UniqueKey};
use crate::{Actor, TenantContext};

/// A job as it is put in and handed out: what to do, for whom, and how often it was begun.
///
/// The scope is captured when the job is made, of the context that its maker works in, and nothing changes it
/// afterwards. An envelope carries the tenant's id, not its context: whether the tenant still may work is asked anew
/// on each attempt. Times are kept in whole microseconds.
///
/// ```
/// use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload, JobScope, Priority};
/// use tenantry::{Actor, TenantContext};
///
/// # fn welcome(context: &TenantContext, id: JobId, now: chrono::DateTime<chrono::Utc>)
/// #     -> Result<(), Box<dyn std::error::Error>> {
/// let payload = JobPayload::of("ada@example.com")?;
/// let job = JobEnvelope::in_tenant(context, id, JobKind::new("mail.welcome")?, payload, now)
///     .with_priority(Priority::High);
/// assert_eq!(job.scope(), JobScope::Tenant(context.id()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "JobParts", into = "JobParts")]
pub struct JobEnvelope {
    parts: JobParts,
}

impl JobEnvelope {
    /// A job inside the tenant that its maker works in, due at once.
    pub fn in_tenant(
        context: &TenantContext,
        id: JobId,
        kind: JobKind,
        payload: JobPayload,
        now: DateTime<Utc>,
    ) -> Self {
        let scope = JobScope::Tenant(context.id());
        Self::new(scope, context.actor().clone(), id, kind, payload, now)
    }

    /// A job in the shared scope, on purpose, due at once.
    pub fn shared_on_purpose(
        actor: Actor,
        id: JobId,
        kind: JobKind,
        payload: JobPayload,
        now: DateTime<Utc>,
    ) -> Self {
        Self::new(JobScope::Shared, actor, id, kind, payload, now)
    }

    fn new(
        scope: JobScope,
        actor: Actor,
        id: JobId,
        kind: JobKind,
        payload: JobPayload,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            parts: JobParts {
                id,
                scope,
                actor,
                kind,
                payload,
                priority: Priority::default(),
                attempts: 0,
                max_attempts: MaxAttempts::default(),
                trace: None,
                run_at: now.trunc_subsecs(6),
                unique_key: None,
            },
        }
    }

    /// Reads a job back from a store.
    ///
    /// # Errors
    /// [`InconsistentJob`]: the store was written by something else.
    pub fn restore(mut parts: JobParts) -> Result<Self, InconsistentJob> {
        let most = parts.max_attempts.number();
        if parts.attempts > most {
            return Err(InconsistentJob {
                id: parts.id,
                attempts: parts.attempts,
                most,
            });
        }
        parts.run_at = parts.run_at.trunc_subsecs(6);
        Ok(Self { parts })
    }

    /// The same, before or after the tenant's other jobs.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.parts.priority = priority;
        self
    }

    /// The same, begun at most so often.
    #[must_use]
    pub fn with_max_attempts(mut self, max_attempts: MaxAttempts) -> Self {
        self.parts.max_attempts = max_attempts;
        self
    }

    /// The same, as part of a trace.
    #[must_use]
    pub fn with_trace(mut self, trace: TraceContext) -> Self {
        self.parts.trace = Some(trace);
        self
    }

    /// The same, not before `run_at`.
    #[must_use]
    pub fn with_run_at(mut self, run_at: DateTime<Utc>) -> Self {
        self.parts.run_at = run_at.trunc_subsecs(6);
        self
    }

    /// The same, at most once at a time in its scope.
    #[must_use]
    pub fn with_unique_key(mut self, unique_key: UniqueKey) -> Self {
        self.parts.unique_key = Some(unique_key);
        self
    }

    /// The job taken apart, for a store.
    pub fn into_parts(self) -> JobParts {
        self.parts
    }

    /// Its identity.
    pub fn id(&self) -> JobId {
        self.parts.id
    }

    /// Where it runs.
    pub fn scope(&self) -> JobScope {
        self.parts.scope
    }

    /// Who put it in.
    pub fn actor(&self) -> &Actor {
        &self.parts.actor
    }

    /// What its handler is found by.
    pub fn kind(&self) -> &JobKind {
        &self.parts.kind
    }

    /// What its handler is given.
    pub fn payload(&self) -> &JobPayload {
        &self.parts.payload
    }

    /// Which of the tenant's jobs go first.
    pub fn priority(&self) -> Priority {
        self.parts.priority
    }

    /// How often it was begun, this time included when a queue hands it out.
    pub fn attempts(&self) -> u16 {
        self.parts.attempts
    }

    /// How often it may be begun.
    pub fn max_attempts(&self) -> MaxAttempts {
        self.parts.max_attempts
    }

    /// Whether it may not be begun again after this time.
    pub fn is_last_attempt(&self) -> bool {
        self.parts.attempts >= self.parts.max_attempts.number()
    }

    /// The trace that it is part of.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.parts.trace.as_ref()
    }

    /// When it is due.
    pub fn run_at(&self) -> DateTime<Utc> {
        self.parts.run_at
    }

    /// What makes it the same as another.
    pub fn unique_key(&self) -> Option<&UniqueKey> {
        self.parts.unique_key.as_ref()
    }

    /// The job when it is begun once more; as it is after its last attempt.
    #[must_use]
    pub fn begun(mut self) -> Self {
        if !self.is_last_attempt() {
            self.parts.attempts += 1;
        }
        self
    }

    /// The job when it is given back without having been begun after all.
    #[must_use]
    pub fn given_back(mut self) -> Self {
        self.parts.attempts = self.parts.attempts.saturating_sub(1);
        self
    }

    /// The job as it was before it was ever begun, due at `now`: what a dead letter becomes when it is put back.
    #[must_use]
    pub fn renewed(mut self, now: DateTime<Utc>) -> Self {
        self.parts.attempts = 0;
        self.with_run_at(now)
    }

    /// When `wait` after `now` is; the end of time if it is later than that.
    pub fn due_after(now: DateTime<Utc>, wait: core::time::Duration) -> DateTime<Utc> {
        TimeDelta::from_std(wait)
            .ok()
            .and_then(|wait| now.checked_add_signed(wait))
            .unwrap_or(Self::END_OF_TIME)
            .min(Self::END_OF_TIME)
            .trunc_subsecs(6)
    }

    /// A time after all that are used, which every store can keep: the last second of the year 9999.
    pub const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
        Some(time) => time,
        None => DateTime::<Utc>::MAX_UTC,
    };
}

impl From<JobEnvelope> for JobParts {
    fn from(job: JobEnvelope) -> Self {
        job.parts
    }
}

impl TryFrom<JobParts> for JobEnvelope {
    type Error = InconsistentJob;

    fn try_from(parts: JobParts) -> Result<Self, InconsistentJob> {
        Self::restore(parts)
    }
}

/// The columns of a [`JobEnvelope`]: what a store reads and writes. Names and shapes are those of its JSON, too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobParts {
    /// Its identity.
    pub id: JobId,
    /// Where it runs.
    pub scope: JobScope,
    /// Who put it in.
    pub actor: Actor,
    /// What its handler is found by.
    pub kind: JobKind,
    /// What its handler is given.
    pub payload: JobPayload,
    /// Which of the tenant's jobs go first.
    pub priority: Priority,
    /// How often it was begun.
    pub attempts: u16,
    /// How often it may be begun.
    pub max_attempts: MaxAttempts,
    /// The trace that it is part of.
    pub trace: Option<TraceContext>,
    /// When it is due, in whole microseconds.
    pub run_at: DateTime<Utc>,
    /// What makes it the same as another.
    #[serde(default, deserialize_with = "UniqueKey::of_job")]
    pub unique_key: Option<UniqueKey>,
}

/// A stored job that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("job {id} was begun {attempts} times of {most}: its record was written by something else")]
pub struct InconsistentJob {
    /// Whose record it is.
    pub id: JobId,
    /// How often it was begun, it says.
    pub attempts: u16,
    /// How often it may be begun.
    pub most: u16,
}

/// What went wrong in an attempt, in the handler's words: one text of at most 4,000 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct JobErrorText(String);

impl JobErrorText {
    /// The longest text, in characters.
    pub const MAX_LENGTH: usize = 4_000;

    /// Takes a text, cut at [`JobErrorText::MAX_LENGTH`] characters, without NUL characters, which PostgreSQL can't
    /// store.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into().replace('\0', "\u{fffd}");
        if let Some((end, _)) = text.char_indices().nth(Self::MAX_LENGTH) {
            text.truncate(end);
        }
        Self(text)
    }

    /// What a dead letter says that nobody could read: the error, and what is behind it.
    pub fn of_unreadable(error: &(dyn core::error::Error + 'static)) -> Self {
        let causes = core::iter::successors(Some(error), |error| error.source());
        let said: alloc::vec::Vec<String> = causes.map(|error| alloc::format!("{error}")).collect();
        Self::new(said.join(": "))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for JobErrorText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for JobErrorText {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<JobErrorText> for String {
    fn from(text: JobErrorText) -> Self {
        text.0
    }
}
