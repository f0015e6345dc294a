use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use tenantry::jobs::{JobEnvelope, JobKind};
use tenantry::ports::{JobQueue, ScopeMode, TenantScopes};
use tenantry::{BoxError, TenantContext};

use super::{JobFloor, JobSubject, complete, drain, kinds, new_job, or_panic, put_in, reserve};
use crate::results::Row;
use crate::{Effort, Fleet};

/// How many jobs wait at most, and how many are put in within one transaction.
const BATCH: u64 = 200;

const INSERT: &str = "plain table: insert";
const INSERT_WITHIN: &str = "plain table: insert inside a transaction";
const TAKE: &str = "plain table: take";
const TAKE_AND_COMPLETE: &str = "plain table: take and complete";

/// Registers what it costs to put a job in and to hand it out, and its floor, in one group: a plain table, in which a
/// job is a row that is locked, skipping those that others have, and updated.
///
/// All jobs are of one tenant. Filling and emptying the queue isn't timed. The floor's taking and completing is measured once
/// more at the end.
///
/// # Errors
/// If the queue or the floor can't be reached.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn jobs<S: JobSubject>(
    criterion: &mut Criterion,
    subject: &S,
    fleet: &Fleet,
    effort: &Effort,
) -> Result<Vec<Row>, BoxError> {
    let name = format!("{}: jobs", S::NAME);
    let mut group = criterion.benchmark_group(&name);
    group.measurement_time(effort.measurement / 2);
    let mut side = Sides {
        queue: subject.queue()?,
        kinds: kinds()?,
        floor: subject.job_floor()?,
        subject,
        context: fleet.warm(),
    };
    drain(&*side.queue)?;
    let mut benches = Benches {
        group,
        rows: Vec::new(),
        name,
    };
    benches.add(INSERT, None, |jobs| side.insert(jobs));
    benches.add(
        "put in, in a transaction of its own",
        Some(INSERT),
        |jobs| side.put_in(jobs),
    );
    if S::PUTS_IN_WITHIN_TRANSACTIONS {
        benches.add(INSERT_WITHIN, None, |jobs| side.insert_within(jobs));
        let name = "put in, inside the tenant's transaction";
        benches.add(name, Some(INSERT_WITHIN), |jobs| side.put_in_within(jobs));
    }
    benches.add(TAKE, None, |jobs| side.take(jobs));
    benches.add("reserve", Some(TAKE), |jobs| side.reserve(jobs));
    benches.add(TAKE_AND_COMPLETE, None, |jobs| side.take_and_complete(jobs));
    let name = "reserve and complete";
    benches.add(name, Some(TAKE_AND_COMPLETE), |jobs| {
        side.reserve_and_complete(jobs)
    });
    let again = format!("{TAKE_AND_COMPLETE}, again");
    benches.add(&again, Some(TAKE_AND_COMPLETE), |jobs| {
        side.take_and_complete(jobs)
    });
    benches.group.finish();
    Ok(benches.rows)
}

struct Benches<'c> {
    group: BenchmarkGroup<'c, WallTime>,
    rows: Vec<Row>,
    name: String,
}

impl Benches<'_> {
    /// `work` does so many jobs, and says how long that took.
    fn add(
        &mut self,
        operation: &str,
        floor: Option<&str>,
        mut work: impl FnMut(u64) -> Result<Duration, BoxError>,
    ) {
        self.group.bench_function(operation, |bencher| {
            bencher.iter_custom(|times| {
                let batches =
                    (0..times.div_ceil(BATCH)).map(|batch| BATCH.min(times - batch * BATCH));
                batches.map(|jobs| or_panic(operation, work(jobs))).sum()
            });
        });
        let row = Row::new(&self.name, operation, floor.map(str::to_owned));
        self.rows.push(row);
    }
}

struct Sides<'s, S> {
    subject: &'s S,
    queue: Arc<dyn JobQueue>,
    kinds: BTreeSet<JobKind>,
    floor: Box<dyn JobFloor + 's>,
    context: &'s TenantContext,
}

impl<S: JobSubject> Sides<'_, S> {
    fn new_jobs(&self, count: u64) -> Result<Vec<JobEnvelope>, BoxError> {
        (0..count).map(|_| new_job(self.context)).collect()
    }

    fn insert(&mut self, count: u64) -> Result<Duration, BoxError> {
        let jobs = self.new_jobs(count)?;
        let took = timed(&jobs, |job| self.floor.insert(job))?;
        self.empty_floor()?;
        Ok(took)
    }

    fn insert_within(&mut self, count: u64) -> Result<Duration, BoxError> {
        let jobs = self.new_jobs(count)?;
        self.floor.begin()?;
        let took = timed(&jobs, |job| self.floor.insert(job))?;
        self.floor.commit()?;
        self.empty_floor()?;
        Ok(took)
    }

    fn put_in(&mut self, count: u64) -> Result<Duration, BoxError> {
        let jobs = self.new_jobs(count)?;
        let took = timed(&jobs, |job| put_in(&*self.queue, job))?;
        self.empty(count)?;
        Ok(took)
    }

    fn put_in_within(&mut self, count: u64) -> Result<Duration, BoxError> {
        let jobs = self.new_jobs(count)?;
        let (scopes, mode) = (self.subject.scopes(), ScopeMode::Transaction);
        let took = scopes.in_tenant(self.context, mode, |connection| {
            timed(&jobs, |job| self.subject.put_in_within(connection, job))
        })?;
        self.empty(count)?;
        Ok(took)
    }

    fn take(&mut self, count: u64) -> Result<Duration, BoxError> {
        self.fill_floor(count)?;
        let mut taken = Vec::new();
        let took = timed(0..count, |_| {
            taken.push(self.floor.take()?.ok_or("no row waits")?);
            Ok(())
        })?;
        for job in taken {
            self.floor.complete(job)?;
        }
        Ok(took)
    }

    fn reserve(&mut self, count: u64) -> Result<Duration, BoxError> {
        self.fill(count)?;
        let mut taken = Vec::new();
        let took = timed(0..count, |_| {
            taken.push(reserve(&*self.queue, &self.kinds)?.ok_or("no job waits")?);
            Ok(())
        })?;
        for job in taken {
            complete(&*self.queue, &job)?;
        }
        Ok(took)
    }

    fn take_and_complete(&mut self, count: u64) -> Result<Duration, BoxError> {
        self.fill_floor(count)?;
        timed(0..count, |_| {
            let job = self.floor.take()?.ok_or("no row waits")?;
            self.floor.complete(job)
        })
    }

    fn reserve_and_complete(&mut self, count: u64) -> Result<Duration, BoxError> {
        self.fill(count)?;
        timed(0..count, |_| {
            let job = reserve(&*self.queue, &self.kinds)?.ok_or("no job waits")?;
            complete(&*self.queue, &job)
        })
    }

    fn fill(&self, count: u64) -> Result<(), BoxError> {
        let jobs = self.new_jobs(count)?;
        jobs.iter().try_for_each(|job| put_in(&*self.queue, job))
    }

    fn fill_floor(&mut self, count: u64) -> Result<(), BoxError> {
        let jobs = self.new_jobs(count)?;
        jobs.iter().try_for_each(|job| self.floor.insert(job))
    }

    fn empty(&self, expected: u64) -> Result<(), BoxError> {
        let done = drain(&*self.queue)?;
        if done as u64 == expected {
            return Ok(());
        }
        Err(format!("{done} jobs of {expected} were handed out").into())
    }

    fn empty_floor(&mut self) -> Result<(), BoxError> {
        while let Some(job) = self.floor.take()? {
            self.floor.complete(job)?;
        }
        Ok(())
    }
}

fn timed<I: IntoIterator>(
    over: I,
    work: impl FnMut(I::Item) -> Result<(), BoxError>,
) -> Result<Duration, BoxError> {
    let began = Instant::now();
    over.into_iter().try_for_each(work)?;
    Ok(began.elapsed())
}
