use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use futures_lite::future::block_on;
use tenantry::{Actor, BoxError, Slug, TenantService};

use crate::error::chain;
use crate::fleet::{new_tenant, service};
use crate::results::Row;
use crate::{Effort, Subject};

/// Registers making a tenant: its record, its schema with all migrations, and the record that it is ready.
///
/// Each tenant is purged when its time was taken.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn provisioning<S: Subject>(
    criterion: &mut Criterion,
    subject: &S,
    effort: &Effort,
) -> Vec<Row> {
    let name = format!("{}: provisioning", S::NAME);
    let repository = subject.repository();
    let mut rows = Vec::new();
    let mut group = criterion.benchmark_group(&name);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .measurement_time(effort.measurement * 2);
    for (contents, schemas) in subject.provisioned() {
        let service = service(&repository, &schemas);
        let operation = format!("create and provision: {contents}");
        group.bench_function(&operation, |bencher| {
            bencher.iter_custom(|times| {
                let one = || match make_one(&service) {
                    Ok(took) => took,
                    Err(error) => panic!("\"{operation}\" failed: {}", chain(&*error)),
                };
                (0..times).map(|_| one()).sum()
            });
        });
        rows.push(Row::without_floor(&name, &operation));
    }
    group.finish();
    rows
}

fn make_one(service: &TenantService) -> Result<Duration, BoxError> {
    let new = new_tenant(Slug::new(&format!("bench-new-{:016x}", fastrand::u64(..)))?)?;
    let actor = Actor::system();

    let began = Instant::now();
    let id = block_on(service.create(new, &actor))?.id();
    block_on(service.provision(id, &actor))?;
    let took = began.elapsed();

    block_on(service.suspend(id, &actor))?;
    block_on(service.delete(id, &actor))?;
    block_on(service.purge(id, &actor))?;
    Ok(took)
}
