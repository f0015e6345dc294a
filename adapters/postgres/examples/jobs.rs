//! Puts jobs in for every active tenant, and works them off: what a host's server and its workers do.
//!
//! ```sh
//! cargo run -p tenantry-postgres --example jobs -- put postgresql://localhost/shop 100
//! cargo run -p tenantry-postgres --example jobs -- work postgresql://localhost/shop 1000
//! ```
//!
//! A worker goes on until it is killed, which it can be at any moment: its job runs again when its lease of so many
//! milliseconds has run out. `scripts/kill-workers.sh` does that hundreds of times, and makes the tables that a run is
//! noted in.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Uuid};
use futures_lite::future::block_on;
use tenantry::jobs::{
    JobAttempt, JobEnvelope, JobFailure, JobId, JobKind, JobPayload, JobPolicy, JobWorker,
    MaxAttempts, Outcome,
};
use tenantry::ports::{Randomness, ScopeError, TenantRepository};
use tenantry::{Actor, BoxError, PageRequest, PageSize, TenantContext, TenantFilter, TenantStatus};
use tenantry_postgres::jobs::{InTenant, JobSignal, PostgresJobQueue};
use tenantry_postgres::{
    PostgresConfig, PostgresTenantRepository, SharedMigrations, TenantConnection, TenantPool,
};

/// How many jobs are put in by one transaction.
const AT_ONCE: usize = 50;
/// How long a worker rests when nothing is due and no signal comes.
const POLL: Duration = Duration::from_millis(100);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["put", url, jobs] => put(url.parse()?, jobs.parse()?),
        ["work", url, lease] => work(url.parse()?, Duration::from_millis(lease.parse()?)),
        _ => Err(
            "usage: jobs put <database URL> <number>, jobs work <database URL> <lease in ms>"
                .into(),
        ),
    }
}

#[expect(clippy::print_stdout, reason = "an example says what it did")]
fn put(config: PostgresConfig, number: usize) -> Result<(), Box<dyn Error>> {
    block_on(SharedMigrations::of_jobs(config.clone()).run())?;
    let contexts = tenants(&config)?;
    let pool = TenantPool::new(config)?;
    let queue = PostgresJobQueue::over(pool.clone());
    let numbers: Vec<usize> = (0..number).collect();
    for (chunk, context) in numbers.chunks(AT_ONCE).zip(contexts.iter().cycle()) {
        pool.tenant(context, |connection| -> Result<(), BoxError> {
            for number in chunk {
                queue.enqueue(connection, &job(context, *number)?)?;
            }
            Ok(())
        })
        .map_err(|error| error.to_string())?;
    }
    println!("{number} jobs of {} tenants", contexts.len());
    Ok(())
}

fn tenants(config: &PostgresConfig) -> Result<Vec<TenantContext>, Box<dyn Error>> {
    let repository = PostgresTenantRepository::new(config.clone());
    let filter = TenantFilter::status(TenantStatus::Active);
    let page = PageRequest::first(PageSize::new(PageSize::MAX)?);
    let found = block_on(repository.list(&filter, page))?;
    let contexts = found
        .items
        .iter()
        .map(|tenant| TenantContext::of(tenant, Actor::system()));
    let contexts: Vec<_> = contexts.collect::<Result<_, _>>()?;
    if contexts.is_empty() {
        return Err("no tenant is active: provision one".into());
    }
    Ok(contexts)
}

fn job(context: &TenantContext, number: usize) -> Result<JobEnvelope, BoxError> {
    let now = now();
    let (high, low) = (Bits.bits().to_be_bytes(), Bits.bits().to_be_bytes());
    let random = std::array::from_fn(|index| {
        if index < 8 {
            high[index]
        } else {
            low[index - 8]
        }
    });
    let payload = JobPayload::of(&number)?;
    let id = JobId::from_parts(now, random);
    let job = JobEnvelope::in_tenant(context, id, JobKind::new("note")?, payload, now);
    Ok(job.with_max_attempts(MaxAttempts::new(MaxAttempts::MAX)?))
}

fn work(config: PostgresConfig, lease_for: Duration) -> Result<(), Box<dyn Error>> {
    let pool = TenantPool::new(config.clone())?;
    let handler = InTenant::new(pool.clone(), move |attempt, connection| {
        note(attempt, connection, lease_for)
    });
    let worker = JobWorker::new(
        Arc::new(PostgresJobQueue::new(config.clone())),
        Arc::new(PostgresTenantRepository::new(config.clone())),
        Arc::new(Bits),
        JobPolicy {
            lease_for,
            ..JobPolicy::default()
        },
    )
    .with_handler(JobKind::new("note")?, Arc::new(handler));
    let mut signal = JobSignal::new(config);
    loop {
        match block_on(worker.work_once())? {
            Outcome::Idle => rest(&mut signal),
            Outcome::TooLate(job) => pool.shared(|connection| {
                diesel::sql_query("INSERT INTO public.refusals (job) VALUES ($1)")
                    .bind::<Uuid, _>(job.as_uuid())
                    .execute(connection)
                    .map(drop)
                    .map_err(|source| ScopeError::Failed {
                        source: source.into(),
                    })
            })?,
            _ => {}
        }
    }
}

/// Notes the run in the tenant's own table. Some first attempts outlast their lease, so that they come too late.
fn note(
    attempt: &JobAttempt,
    connection: &mut TenantConnection,
    lease_for: Duration,
) -> Result<Option<JobPayload>, JobFailure> {
    let number: usize = attempt.job.payload().read()?;
    let token = attempt.lease.token.number();
    diesel::sql_query("INSERT INTO runs (job, token) VALUES ($1, $2)")
        .bind::<Uuid, _>(attempt.job.id().as_uuid())
        .bind::<BigInt, _>(token)
        .execute(connection)
        .map_err(JobFailure::transient)?;
    if number.is_multiple_of(200) && attempt.job.attempts() == 1 {
        thread::sleep(lease_for * 3 / 2);
    }
    Ok(Some(JobPayload::of(&token)?))
}

fn rest(signal: &mut JobSignal) {
    let until = Instant::now() + POLL;
    while !signal.came() && Instant::now() < until {
        thread::park_timeout(JobSignal::GLANCE);
    }
}

fn now() -> DateTime<Utc> {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
    DateTime::from_timestamp(seconds, elapsed.subsec_nanos()).unwrap_or_default()
}

/// Random bits that the standard library seeds its hash maps with.
struct Bits;

impl Randomness for Bits {
    fn bits(&self) -> u64 {
        RandomState::new().build_hasher().finish()
    }
}
