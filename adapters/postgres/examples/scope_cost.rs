//! What entering a scope costs against one connection that stays in its tenant: `cargo run --release --example scope_cost`.

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
    let mut pinned = config.connect_administrative(Duration::from_secs(1))?;
    let first = &tenants[0];
    pinned.batch_execute(&format!("SET search_path = {}", first.schema().name))?;
    let floor = time("pinned read", None, || {
        read(&mut pinned)?;
        Ok(())
    })?;
    let mut next = 0;
    time(
        "pinned, path set each time, another tenant",
        Some(floor),
        || {
            next = (next + 37) % tenants.len();
            pinned.batch_execute(&format!(
                "SET search_path = {}",
                tenants[next].schema().name
            ))?;
            read(&mut pinned)?;
            Ok(())
        },
    )?;
    time("pinned, SELECT 1", Some(floor), || {
        pinned.batch_execute("SELECT 1")?;
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
    let modes = [
        ("session", ScopeMode::Session),
        ("transaction", ScopeMode::Transaction),
    ];
    for (name, mode) in modes {
        let enter = |tenant: &TenantContext| -> Result<(), Failure> {
            pool.in_tenant(tenant, mode, |c| -> Result<(), Failure> {
                read(c)?;
                Ok(())
            })
        };
        time(
            &format!("{name}, same tenant, back to back"),
            Some(floor),
            || enter(first),
        )?;
        paused(
            &pool,
            &format!("{name}, same tenant, cleaned in between"),
            floor,
            || enter(first),
        )?;
        let visit = |tenant: &TenantContext| -> Result<(), Failure> {
            pool.in_tenant(tenant, mode, |_| -> Result<(), Failure> { Ok(()) })
        };
        paused(
            &pool,
            &format!("{name}, same tenant, nothing done"),
            floor,
            || visit(first),
        )?;
        let mut next = 0;
        paused(
            &pool,
            &format!("{name}, another tenant, nothing done"),
            floor,
            || {
                next = (next + 37) % tenants.len();
                visit(&tenants[next])
            },
        )?;
        paused(
            &pool,
            &format!("{name}, another tenant each time"),
            floor,
            || {
                next = (next + 37) % tenants.len();
                enter(&tenants[next])
            },
        )?;
    }
    println!("  {:?}", pool.statistics());
    Ok(())
}

fn time(
    what: &str,
    floor: Option<f64>,
    mut work: impl FnMut() -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let mut samples = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        work()?;
        samples.push(begun.elapsed());
    }
    Ok(report(what, floor, samples))
}

fn paused(
    pool: &TenantPool,
    what: &str,
    floor: f64,
    mut work: impl FnMut() -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let mut samples = Vec::new();
    for _ in 0..ROUNDS {
        while pool.statistics().cleaning > 0 {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        work()?;
        samples.push(begun.elapsed());
    }
    Ok(report(what, Some(floor), samples))
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
