//! What a worker makes of its handlers' answers, and whom it tells.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::jobs::fair::{Tag, Weight};
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobHandler, JobId, JobKind, JobPayload, JobPolicy,
    JobState, JobWorker, Lease, LeaseWatch, MaxAttempts, NotBegun, Outcome, UniqueKey,
};
use tenantry::ports::JobQueue;
use tenantry_memory::{ManualClock, MemoryJobQueue, MemoryTenantRepository, RandomBits};

/// Answers with twice the payload.
struct Double;

#[async_trait]
impl JobHandler for Double {
    async fn run(&self, attempt: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        let number: u32 = attempt.job.payload().read()?;
        Ok(JobPayload::of(&(2 * number)).ok())
    }
}

#[derive(Default)]
struct Watched(Mutex<Vec<(&'static str, JobId)>>);

impl LeaseWatch for Watched {
    fn begun(&self, lease: &Lease) {
        self.0.lock().unwrap().push(("begun", lease.job));
    }

    fn ended(&self, lease: &Lease) {
        self.0.lock().unwrap().push(("ended", lease.job));
    }
}

#[test]
fn what_a_handler_gives_is_kept_and_who_watches_is_told_of_its_beginning_and_its_end() {
    let kind = JobKind::new("double").unwrap();
    let queue = MemoryJobQueue::new(Arc::new(ManualClock::at(DateTime::UNIX_EPOCH)));
    let (watched, policy) = (Arc::<Watched>::default(), JobPolicy::default());
    let policy = JobPolicy {
        lease_for: 3 * policy.lease_for,
        ..policy
    };
    let tenants = Arc::new(MemoryTenantRepository::new());
    let random = Arc::new(RandomBits::new());
    let worker = JobWorker::new(Arc::new(queue.clone()), tenants, random, policy)
        .with_handler(kind.clone(), Arc::new(Double))
        .with_watch(watched.clone());
    assert_eq!(worker.kinds(), BTreeSet::from([kind.clone()]));
    assert_eq!(*worker.policy(), policy);

    let (now, payload) = (DateTime::UNIX_EPOCH, JobPayload::of(&21).unwrap());
    let id = JobId::from_parts(now, [1; 10]);
    let job = JobEnvelope::shared_on_purpose(Actor::system(), id, kind, payload, now);
    block_on(queue.enqueue(&job)).unwrap();
    assert_ne!(block_on(worker.work_once()).unwrap(), Outcome::Idle);
    assert_eq!(*watched.0.lock().unwrap(), [("begun", id), ("ended", id)]);
    let record = block_on(queue.find(id)).unwrap();
    assert_eq!(record.state, JobState::Done);
    assert_eq!(record.output.unwrap().read::<u32>().unwrap(), 42);
    assert_eq!(block_on(worker.work_once()).unwrap(), Outcome::Idle);
}

/// Is broken off, as when its process ends.
struct BreaksOff;

#[async_trait]
impl JobHandler for BreaksOff {
    async fn run(&self, _: &JobAttempt) -> Result<Option<JobPayload>, JobFailure> {
        Err(JobFailure::interrupted("the process ends"))
    }
}

#[test]
fn an_attempt_that_is_broken_off_is_not_counted_not_even_a_last_one() {
    let kind = JobKind::new("double").unwrap();
    let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
    let queue = MemoryJobQueue::new(clock.clone());
    let worker = JobWorker::new(
        Arc::new(queue.clone()),
        Arc::new(MemoryTenantRepository::new()),
        Arc::new(RandomBits::new()),
        JobPolicy::default(),
    )
    .with_handler(kind.clone(), Arc::new(BreaksOff));
    let (now, payload) = (DateTime::UNIX_EPOCH, JobPayload::of(&21).unwrap());
    let id = JobId::from_parts(now, [1; 10]);
    let job = JobEnvelope::shared_on_purpose(Actor::system(), id, kind, payload, now)
        .with_max_attempts(MaxAttempts::new(1).unwrap());
    block_on(queue.enqueue(&job)).unwrap();
    for _ in 0..3 {
        let outcome = block_on(worker.work_once()).unwrap();
        assert_eq!(outcome, Outcome::GivenBack(id, NotBegun::Interrupted));
        let record = block_on(queue.find(id)).unwrap();
        assert_eq!(
            (record.state, record.job.attempts()),
            (JobState::Waiting, 0)
        );
        let idle = block_on(worker.work_once()).unwrap();
        assert_eq!(idle, Outcome::Idle, "it waits, so that nobody spins");
        clock.advance(TimeDelta::minutes(1));
    }
}

#[test]
fn what_is_stored_of_a_lane_and_a_job_comes_back_as_it_was() {
    for number in [i64::MIN, -1, 0, 1, i64::MAX] {
        assert_eq!(Tag::new(number).number(), number);
    }
    let weight = Weight::try_from(7).unwrap();
    assert_eq!((u16::from(weight), weight.number()), (7, 7));
    assert!(Weight::try_from(0).is_err());
    assert_eq!(
        JobKind::new("mail.welcome").unwrap().as_str(),
        "mail.welcome"
    );
    let key = UniqueKey::new("nightly").unwrap();
    assert_eq!(
        (key.as_str(), key.to_string().as_str()),
        ("nightly", "nightly")
    );
}
