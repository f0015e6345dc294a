//! Every behaviour of job queues, over one connection and over a pool.

use std::sync::Arc;

use tenantry::jobs::{JobEnvelope, JobScope};
use tenantry::ports::{JobQueue, ScopeError};
use tenantry::{Actor, TenantContext};
use tenantry_conformance::ProbeError;
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness, Transaction};
use tenantry_postgres::jobs::PostgresJobQueue;

use crate::world::World;

mod over_one_connection {
    tenantry_conformance::job_suite!(super::OwnConnection);
}

mod over_a_pool {
    tenantry_conformance::job_suite!(super::Pooled);
}

#[test]
fn the_claims_are_those_of_the_books_table() {
    tenantry_conformance::book::job_claims_are_recorded::<OwnConnection>();
}

struct OwnConnection {
    world: World,
    clock: Arc<HandClock>,
}

impl JobHarness for OwnConnection {
    const ADAPTER: &'static str = "postgres, one connection";
    const CLAIMS: &'static [JobCapability] = &JobCapability::ALL;

    fn start(clock: Arc<HandClock>) -> Self {
        let world = World::new();
        Self { world, clock }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        let queue = PostgresJobQueue::new(self.world.config());
        Arc::new(queue.with_clock(self.clock.clone()))
    }

    fn put_in_within(&self, job: &JobEnvelope, ending: Transaction) -> Result<(), ProbeError> {
        put_in_within(&self.world, &self.clock, job, ending)
    }
}

struct Pooled {
    world: World,
    clock: Arc<HandClock>,
}

impl JobHarness for Pooled {
    const ADAPTER: &'static str = "postgres, pool";
    const CLAIMS: &'static [JobCapability] = &JobCapability::ALL;

    fn start(clock: Arc<HandClock>) -> Self {
        let world = World::new();
        Self { world, clock }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        let queue = PostgresJobQueue::over(self.world.pool());
        Arc::new(queue.with_clock(self.clock.clone()))
    }

    fn put_in_within(&self, job: &JobEnvelope, ending: Transaction) -> Result<(), ProbeError> {
        put_in_within(&self.world, &self.clock, job, ending)
    }
}

/// As a host does it: inside the tenant, beside a row of its own.
fn put_in_within(
    world: &World,
    clock: &Arc<HandClock>,
    job: &JobEnvelope,
    ending: Transaction,
) -> Result<(), ProbeError> {
    let JobScope::Tenant(id) = job.scope() else {
        panic!("the suite puts in a tenant's job");
    };
    let tenant = world.tenant_with_id(id);
    let context = TenantContext::of(&tenant, Actor::system()).expect("it is active");
    let pool = world.pool();
    let queue = PostgresJobQueue::over(pool.clone()).with_clock(clock.clone());
    let outcome = pool.tenant(&context, |connection| -> Result<(), ProbeError> {
        queue.enqueue(connection, job).map_err(|error| {
            ProbeError::Scope(ScopeError::Failed {
                source: error.into(),
            })
        })?;
        match ending {
            Transaction::Committed => Ok(()),
            Transaction::RolledBack => Err(ProbeError::OnPurpose),
        }
    });
    match (ending, outcome) {
        (Transaction::RolledBack, Err(ProbeError::OnPurpose)) => Ok(()),
        (_, outcome) => outcome,
    }
}
