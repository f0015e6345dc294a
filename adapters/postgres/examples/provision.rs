//! Records one tenant, unless it is recorded already, and provisions it: what a host does when somebody signs up.
//!
//! ```sh
//! cargo run -p tenantry-postgres --example provision -- postgresql://localhost/shop acme
//! ```
//!
//! It can be killed at any moment: what is there then is whole or isn't there, and the same command finishes the work.
//! `scripts/kill-provisioning.sh` does that a hundred times.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tenantry::ports::{Clock, IdSource, RepositoryError};
use tenantry::provisioning::Provisioned;
use tenantry::{Actor, NewTenant, ServiceError, Slug, TenantId, TenantName, TenantService};
use tenantry_postgres::{
    Migrations, PostgresConfig, PostgresSchemaProvider, PostgresTenantRepository, SharedMigrations,
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/migrations");

#[expect(clippy::print_stdout, reason = "an example says what it did")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, slug] = arguments.as_slice() else {
        return Err("usage: provision <database URL> <slug>".into());
    };
    let (config, slug) = (url.parse()?, Slug::new(slug)?);
    let outcome = futures_lite::future::block_on(provision(config, slug))?;
    let (done, tenant) = match &outcome {
        Provisioned::Done { tenant, .. } => ("provisioned", tenant),
        Provisioned::AlreadyDone { tenant } => ("was provisioned already", tenant),
        _ => return Err("an outcome that this example doesn't know".into()),
    };
    println!("{} {done} as {}", tenant.slug(), tenant.id());
    Ok(())
}

async fn provision(config: PostgresConfig, slug: Slug) -> Result<Provisioned, Box<dyn Error>> {
    SharedMigrations::of_tenantry(config.clone()).run().await?;
    let migrations = Migrations::embedded(&MIGRATIONS)?;
    let service = TenantService::builder(
        Arc::new(PostgresTenantRepository::new(config.clone())),
        Arc::new(PostgresSchemaProvider::new(config, migrations)),
        Arc::new(System),
        Arc::new(System),
    )
    .build();
    let id = record(&service, slug).await?;
    Ok(service.provision(id, &Actor::system()).await?)
}

async fn record(service: &TenantService, slug: Slug) -> Result<TenantId, Box<dyn Error>> {
    let new = NewTenant::new(slug, TenantName::new(slug.as_str())?);
    match service.create(new, &Actor::system()).await {
        Ok(tenant) => Ok(tenant.id()),
        Err(ServiceError::Repository(RepositoryError::AlreadyExists { .. })) => {
            Ok(service.find_by_slug(&slug).await?.id())
        }
        Err(error) => Err(error.into()),
    }
}

/// The system's time, and ids of random bits that the standard library seeds its hash maps with.
struct System;

impl Clock for System {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        DateTime::from_timestamp(seconds, elapsed.subsec_nanos()).unwrap_or_default()
    }
}

impl IdSource for System {
    fn tenant_id(&self, now: DateTime<Utc>) -> TenantId {
        let mut random = [0; 10];
        for bytes in random.chunks_mut(8) {
            let number = RandomState::new().build_hasher().finish().to_be_bytes();
            bytes.copy_from_slice(&number[..bytes.len()]);
        }
        TenantId::from_parts(now, random)
    }
}
