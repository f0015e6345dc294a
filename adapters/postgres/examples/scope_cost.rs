//! What entering a scope costs against one connection that stays in its tenant: `cargo run --release --example scope_cost`.
#![expect(clippy::print_stdout, reason = "an example says what it measured")]

use std::error::Error;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};
use tenantry::{
    Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName, TenantParts, TenantStatus,
    Version,
};
use tenantry_conformance::servers::Postgres;
use tenantry_postgres::{PoolSettings, PostgresConfig, TenantPool, mark_of};

diesel::table! {
    /// What a tenant has.
    items (id) {
        /// Its number.
        id -> Integer,
        /// Its value.
        value -> BigInt,
    }
}

const TENANTS: u8 = 100;
const ROUNDS: u32 = 3000;

fn main() -> Result<(), Box<dyn Error>> {
    let server = Postgres::start()?;
    let database = server.create_named_database()?;
    let tenants = (0..TENANTS).map(context).collect::<Result<Vec<_>, _>>()?;
    for tenant in &tenants {
        let schema = tenant.schema().name;
        server.run_sql(
            &database,
            &format!(
                "CREATE SCHEMA {schema}; COMMENT ON SCHEMA {schema} IS '{}'; \
                 CREATE TABLE {schema}.items (id int PRIMARY KEY, value bigint NOT NULL); \
                 INSERT INTO {schema}.items VALUES (1, 1)",
                mark_of(tenant.id())
            ),
        )?;
    }
    for (name, url) in [
        ("TCP", server.database_url(&database)),
        ("Unix socket", server.database_socket_url(&database)),
    ] {
        println!("{name}");
        let config: PostgresConfig = url.parse()?;
        measure(&config, &tenants)?;
    }
    Ok(())
}

fn context(number: u8) -> Result<TenantContext, Box<dyn Error>> {
    let now = chrono::DateTime::UNIX_EPOCH;
    let slug = format!("bench-{number}");
    let tenant = Tenant::restore(TenantParts {
        id: TenantId::from_parts(now, [number; 10]),
        slug: Slug::new(&slug)?,
        name: TenantName::new(&slug)?,
        status: TenantStatus::Active,
        version: Version::FIRST,
        created_at: now,
        provisioned_at: Some(now),
        settings: Settings::default(),
    })?;
    Ok(TenantContext::of(&tenant, Actor::system())?)
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
}

fn read<C>(connection: &mut C) -> QueryResult<i64>
where
    C: diesel::connection::LoadConnection<Backend = diesel::pg::Pg>,
{
    items::table.find(1).select(items::value).first(connection)
}

fn measure(config: &PostgresConfig, tenants: &[TenantContext]) -> Result<(), Box<dyn Error>> {
    let first = &tenants[0];
    let mut pinned = config.connect_administrative(Duration::from_secs(1))?;
    pinned.batch_execute(&format!("SET search_path = {}", first.schema().name))?;
    let floor = after_a_pause("one connection that stays in its tenant", None, || {
        read(&mut pinned)?;
        Ok(())
    })?;
    let pool = TenantPool::with_settings(
        config.clone(),
        PoolSettings {
            max_size: 4,
            per_tenant: Some(4),
            ..PoolSettings::default()
        },
    )?;
    for (name, mode) in [
        ("session", ScopeMode::Session),
        ("transaction", ScopeMode::Transaction),
    ] {
        let enter = |tenant: &TenantContext| {
            pool.in_tenant(tenant, mode, |c| -> Result<(), Failure> {
                read(c)?;
                Ok(())
            })
        };
        let visit = || pool.in_tenant(first, mode, |_| -> Result<(), Failure> { Ok(()) });
        let mut next = 0;
        let mut another = || {
            next = (next + 37) % tenants.len();
            &tenants[next]
        };
        let floor = Some(floor);
        after_a_pause(&format!("{name}, same tenant"), floor, || enter(first))?;
        after_a_pause(&format!("{name}, same tenant, nothing done"), floor, visit)?;
        after_a_pause(&format!("{name}, another tenant"), floor, || {
            enter(another())
        })?;
        back_to_back(&format!("{name}, same tenant, back to back"), floor, || {
            enter(first)
        })?;
    }
    println!("  {:?}", pool.statistics());
    Ok(())
}

/// As between requests: a pause, in which connections are cleaned.
fn after_a_pause(
    what: &str,
    floor: Option<f64>,
    mut work: impl FnMut() -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let pause = || std::thread::sleep(Duration::from_micros(500));
    let times = (0..ROUNDS).map(|_| {
        pause();
        time(&mut work)
    });
    Ok(report(what, floor, times.collect::<Result<_, _>>()?))
}

/// As fast as connections are clean again.
fn back_to_back(
    what: &str,
    floor: Option<f64>,
    mut work: impl FnMut() -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let times = (0..ROUNDS).map(|_| time(&mut work));
    Ok(report(what, floor, times.collect::<Result<_, _>>()?))
}

fn time(work: &mut impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

fn report(what: &str, floor: Option<f64>, mut samples: Vec<Duration>) -> f64 {
    samples.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let p50 = micros(samples[samples.len() / 2]);
    let p99 = micros(samples[samples.len() * 99 / 100]);
    let mean = micros(samples.iter().sum::<Duration>() / ROUNDS);
    let ratio = floor.map_or(1.0, |floor| p50 / floor);
    println!(
        "  {what:<44} p50 {p50:>7.1} us  p99 {p99:>7.1} us  mean {mean:>7.1} us  {ratio:>5.2} x"
    );
    p50
}
