//! The cache and the job queue in every order in which their callers come: run by `make interleavings`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_lite::future::block_on;
use tenantry::Actor;
use tenantry::cache::{CacheKey, CacheService, Expiry, SharedCache, Swap};
use tenantry::jobs::{JobEnvelope, JobId, JobKind, JobPayload, JobState, Lease};
use tenantry::ports::{Clock, JobQueue, JobQueueError};
use tenantry_interleavings::Exploration;
use tenantry_interleavings::shuttle::sync::Mutex;
use tenantry_interleavings::shuttle::thread;

use crate::{ManualClock, MemoryCache, MemoryJobQueue};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(DateTime::<Utc>::UNIX_EPOCH))
}

fn cache(clock: Arc<dyn Clock>) -> SharedCache {
    CacheService::new(Arc::new(MemoryCache::new(clock))).shared()
}

fn key() -> CacheKey {
    CacheKey::new("a").unwrap()
}

/// Three do the same at once.
fn three<T: Send + 'static>(work: impl Fn() -> T + Clone + Send + 'static) -> [T; 3] {
    let threads = [(); 3].map(|()| {
        let work = work.clone();
        thread::spawn(work)
    });
    threads.map(|thread| thread.join().unwrap())
}

fn count_by(add: fn(&SharedCache)) {
    let cache = cache(clock());
    let shared = cache.clone();
    three(move || add(&shared));
    let sum = block_on(cache.get(&key())).unwrap();
    assert_eq!(sum.as_deref(), Some(&b"3"[..]), "a count is lost");
}

#[test]
fn no_count_is_lost_in_whatever_order() {
    Exploration::of(1_000).holds(|| {
        count_by(|cache| {
            block_on(cache.increment(&key(), 1, None)).unwrap();
        });
    });
}

#[test]
fn nothing_swapped_is_lost_in_whatever_order() {
    Exploration::of(1_000).holds(|| {
        count_by(|cache| {
            block_on(async {
                let _ = cache.set_if_absent(&key(), b"0", None).await.unwrap();
                loop {
                    let old = cache.get(&key()).await.unwrap().unwrap();
                    let new = [old[0] + 1];
                    let swapped = cache.compare_and_swap(&key(), &old, &new).await;
                    if swapped.unwrap() == Swap::Swapped {
                        return;
                    }
                }
            });
        });
    });
}

#[test]
fn reading_and_then_writing_is_found_out() {
    let naive = |cache: &SharedCache| {
        let old = block_on(cache.get(&key())).unwrap();
        let new = [old.map_or(b'0', |old| old[0]) + 1];
        block_on(cache.set(&key(), &new, None)).unwrap();
    };
    let found = Exploration::of(1_000).finds(move || count_by(naive));
    assert!(found.is_some_and(|text| text.contains("a count is lost")));
}

#[test]
fn what_has_expired_for_one_has_expired_for_all_in_whatever_order() {
    Exploration::of(1_000).holds(|| {
        let clock = clock();
        let cache = cache(clock.clone());
        let expiry = Expiry::after(Duration::from_secs(1)).ok();
        block_on(cache.set(&key(), b"", expiry)).unwrap();
        let expiring = thread::spawn(move || clock.advance(TimeDelta::seconds(2)));
        let reader = cache.clone();
        three(move || {
            let [first, second] = [(); 2].map(|()| block_on(reader.get(&key())).unwrap());
            assert!(first.is_some() || second.is_none(), "it came back");
        });
        expiring.join().unwrap();
        assert_eq!(block_on(cache.get(&key())).unwrap(), None);
    });
}

const LEASE: Duration = Duration::from_secs(60);
const JOBS: u8 = 2;

fn kinds() -> BTreeSet<JobKind> {
    BTreeSet::from([JobKind::new("count").unwrap()])
}

fn queue_with_jobs(clock: &Arc<ManualClock>) -> MemoryJobQueue {
    let queue = MemoryJobQueue::new(clock.clone());
    for number in 0..JOBS {
        let (id, now) = (JobId::from_parts(clock.now(), [number; 10]), clock.now());
        let (kind, payload) = (JobKind::new("count").unwrap(), JobPayload::of(&0).unwrap());
        let job = JobEnvelope::shared_on_purpose(Actor::system(), id, kind, payload, now);
        block_on(queue.enqueue(&job)).unwrap();
    }
    queue
}

/// Three workers, while a lease's time passes at some moment: each job is ended once, by who had it last.
fn three_work(take: fn(&MemoryJobQueue) -> Option<Lease>) {
    let clock = clock();
    let queue = queue_with_jobs(&clock);
    let taken = Arc::new(Mutex::new(BTreeSet::new()));
    let passing = thread::spawn(move || clock.advance(TimeDelta::seconds(61)));
    let (workers, given) = (queue.clone(), taken.clone());
    let ended = three(move || {
        let mut ended = Vec::new();
        while let Some(lease) = take(&workers) {
            let is_new = given.lock().unwrap().insert((lease.job, lease.token));
            assert!(is_new, "two have one right");
            match block_on(workers.complete(&lease, None)) {
                Ok(()) => ended.push(lease.job),
                Err(JobQueueError::LeaseLost { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        ended
    });
    passing.join().unwrap();
    // What was in the hands of one who stopped looking before it was lost is taken up again.
    while let Some(lease) = take(&queue) {
        block_on(queue.complete(&lease, None)).unwrap();
    }
    let ended: Vec<_> = ended.into_iter().flatten().collect();
    let once: BTreeSet<_> = ended.iter().collect();
    assert_eq!(once.len(), ended.len(), "a job was ended twice");
    for number in 0..JOBS {
        let id = JobId::from_parts(DateTime::UNIX_EPOCH, [number; 10]);
        let record = block_on(queue.find(id)).unwrap();
        assert_eq!(record.state, JobState::Done);
    }
}

#[test]
fn each_job_is_ended_once_by_who_has_it_in_whatever_order() {
    Exploration::of(1_000).holds(|| {
        three_work(|queue| {
            let leased = block_on(queue.reserve(&kinds(), LEASE)).unwrap();
            leased.map(|leased| leased.lease)
        });
    });
}

#[test]
fn finding_a_job_and_then_taking_it_is_found_out() {
    let naive = |queue: &MemoryJobQueue| {
        let id = |number| JobId::from_parts(DateTime::UNIX_EPOCH, [number; 10]);
        let record = |number| block_on(queue.find(id(number))).unwrap();
        let waiting = (0..JOBS)
            .map(record)
            .find(|record| record.state == JobState::Waiting)?;
        let _ = block_on(queue.reserve(&kinds(), LEASE)).unwrap();
        Some(Lease {
            job: waiting.job.id(),
            token: waiting.token.next(),
            until: DateTime::UNIX_EPOCH,
        })
    };
    assert!(
        Exploration::of(1_000)
            .finds(move || three_work(naive))
            .is_some()
    );
}
