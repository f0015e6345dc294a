//! Random work on two queues at once, which have to answer alike.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_lite::future::block_on;
use tenantry::TenantContext;
use tenantry::jobs::{
    DeathReason, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach, JobScope, Lease,
    MaxAttempts, Priority, UniqueKey, Weight,
};
use tenantry::ports::{
    Clock, JobFilter, JobPage, JobQueue, JobQueueError, JobShare, Prune, WaitReach,
};

use super::JobHarness;
use super::world::World;
use crate::{Verdict, Violation, ensure_eq};

const KINDS: [&str; 2] = ["mail", "report"];

/// Does the same random work on a queue of each adapter, one call after the other, and compares every answer.
///
/// One of them is best the memory queue, which is plainly right.
///
/// # Errors
/// The first answer that differs, with the seed that repeats it.
pub fn alike<A: JobHarness, B: JobHarness>(operations: usize, seed: u64) -> Verdict {
    let mut pair = Pair::start::<A, B>(seed)?;
    for number in 0..operations {
        pair.operate().map_err(|violation| {
            Violation::new(format!(
                "{} and {} differ in operation {number} of seed {seed}: {violation}",
                A::ADAPTER,
                B::ADAPTER
            ))
        })?;
    }
    Ok(())
}

struct Pair {
    random: Rng,
    queues: [Arc<dyn JobQueue>; 2],
    clock: Arc<super::HandClock>,
    tenants: Vec<TenantContext>,
    jobs: Vec<JobId>,
    leases: Vec<Lease>,
    /// The worlds that the queues live in.
    _worlds: (Box<dyn Send>, Box<dyn Send>),
}

impl Pair {
    fn start<A: JobHarness, B: JobHarness>(seed: u64) -> Result<Self, Violation> {
        let world = World::<A>::start();
        let other = B::start(world.clock.clone());
        let tenants = world.tenants(["acme", "beta", "gamma", "zeta"])?;
        Ok(Self {
            random: Rng::with_seed(seed),
            queues: [world.queue.clone(), other.queue()],
            clock: world.clock.clone(),
            tenants: tenants.into(),
            jobs: Vec::new(),
            leases: Vec::new(),
            _worlds: (Box::new(world.harness), Box::new(other)),
        })
    }

    /// Asks both, and gives their answer if it is the same.
    fn both<T: Debug + PartialEq>(
        &self,
        ask: &impl AsyncFn(&dyn JobQueue) -> Result<T, JobQueueError>,
    ) -> Result<Option<T>, Violation> {
        let [one, other] = &self.queues;
        let text = |answer: Result<T, JobQueueError>| answer.map_err(|error| error.to_string());
        let one = text(block_on(ask(&**one)));
        let other = text(block_on(ask(&**other)));
        ensure_eq!(one, other, "an answer");
        Ok(one.ok())
    }

    fn operate(&mut self) -> Verdict {
        match self.random.u8(..100) {
            0..30 => self.put(),
            30..55 => self.take(),
            55..80 => self.settle(),
            80..86 => {
                self.clock.pass(seconds(&mut self.random));
                Ok(())
            }
            86..90 => self.look(),
            90..94 => self.change(),
            94..97 => self.share(),
            _ => self.prune(),
        }
    }

    fn put(&mut self) -> Verdict {
        let job = self.job()?;
        self.jobs.push(job.id());
        self.both(&async |queue| queue.enqueue(&job).await)
            .map(drop)
    }

    fn job(&mut self) -> Result<JobEnvelope, Violation> {
        let random = &mut self.random;
        let now = self.clock.now();
        let context = &self.tenants[random.usize(..self.tenants.len())];
        let id = match self.jobs.last() {
            Some(last) if random.u8(..20) == 0 => *last,
            _ => JobId::from_parts(now, std::array::from_fn(|_| random.u8(..))),
        };
        let kind = JobKind::new(KINDS[random.usize(..KINDS.len())])?;
        let payload = JobPayload::of(&random.u32(..))?;
        let most = MaxAttempts::new(random.u16(1..4)).map_err(|e| Violation::new(e.to_string()))?;
        let job = JobEnvelope::in_tenant(context, id, kind, payload, now)
            .with_priority(Priority::ALL[random.usize(..3)])
            .with_max_attempts(most);
        let job = match random.u8(..3) {
            0 => job.with_run_at(JobEnvelope::due_after(now, seconds(random))),
            _ => job,
        };
        if random.u8(..4) > 0 {
            return Ok(job);
        }
        let key = UniqueKey::new(format!("key {}", random.u8(..3)));
        Ok(job.with_unique_key(key.map_err(|error| Violation::new(error.to_string()))?))
    }

    fn take(&mut self) -> Verdict {
        let kinds = KINDS.iter().filter(|_| self.random.u8(..4) > 0);
        let kinds: Result<BTreeSet<_>, _> = kinds.map(|kind| JobKind::new(*kind)).collect();
        let (kinds, lease_for) = (kinds?, seconds(&mut self.random));
        let leased = self.both(&async |queue| queue.reserve(&kinds, lease_for).await)?;
        self.leases
            .extend(leased.flatten().map(|leased| leased.lease));
        Ok(())
    }

    /// Some leases are kept after their use, so that late results come, too.
    fn settle(&mut self) -> Verdict {
        if self.leases.is_empty() {
            return Ok(());
        }
        let index = self.random.usize(..self.leases.len());
        let lease = self.leases[index];
        if self.random.u8(..4) > 0 {
            self.leases.swap_remove(index);
        }
        let wait = seconds(&mut self.random);
        let error = JobErrorText::new("no");
        match self.random.u8(..8) {
            0..3 => self.both(&async |queue| queue.complete(&lease, None).await),
            3 => self.both(&async |queue| queue.retry(&lease, wait, &error).await),
            4 => {
                let reason = DeathReason::PermanentFailure;
                self.both(&async |queue| queue.bury(&lease, reason, &error).await)
            }
            5 => self.both(&async |queue| queue.give_back(&lease, wait, WaitReach::Job).await),
            6 => self.both(&async |queue| queue.give_back(&lease, wait, WaitReach::Scope).await),
            _ => self
                .both(&async |queue| queue.extend(&lease, wait).await)
                .map(|extended| extended.map(drop)),
        }
        .map(drop)
    }

    fn reach(&mut self) -> JobReach {
        match self.random.u8(..3) {
            0 => JobReach::Everything,
            _ => JobReach::Only(self.scope()),
        }
    }

    fn scope(&mut self) -> JobScope {
        let tenant = self.random.usize(..self.tenants.len());
        JobScope::Tenant(self.tenants[tenant].id())
    }

    fn look(&mut self) -> Verdict {
        let reach = self.reach();
        self.both(&async |queue| queue.stats(reach).await)?;
        let filter = JobFilter {
            reach,
            states: BTreeSet::new(),
        };
        self.both(&async |queue| {
            let listing = queue.list(&filter, JobPage::default()).await?;
            Ok((listing.records, listing.next))
        })?;
        Ok(())
    }

    fn change(&mut self) -> Verdict {
        let Some(id) = self.random.choice(&self.jobs).copied() else {
            return Ok(());
        };
        match self.random.u8(..3) {
            0 => self.both(&async |queue| queue.cancel(id).await)?,
            1 => self.both(&async |queue| queue.make_due(id).await)?,
            _ => self.both(&async |queue| queue.put_back(id).await)?,
        };
        self.both(&async |queue| queue.find(id).await).map(drop)
    }

    fn share(&mut self) -> Verdict {
        let weight = Weight::new(self.random.u16(1..5));
        let share = JobShare {
            weight: weight.map_err(|error| Violation::new(error.to_string()))?,
            at_once: self.random.bool().then(|| self.random.u16(1..4)),
        };
        let scope = self.scope();
        self.both(&async |queue| queue.set_share(scope, share).await)
            .map(drop)
    }

    fn prune(&mut self) -> Verdict {
        let (reach, now) = (self.reach(), self.clock.now());
        let what = match self.random.u8(..3) {
            0 => Prune::DeadLettersToo,
            _ => Prune::Finished,
        };
        self.both(&async |queue| queue.prune(reach, now, what).await)
            .map(drop)
    }
}

fn seconds(random: &mut Rng) -> Duration {
    Duration::from_secs(random.u64(1..60))
}
