//! The memory queue does what every job queue must do.

use std::sync::Arc;

use tenantry::ports::JobQueue;
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness};
use tenantry_memory::MemoryJobQueue;

tenantry_conformance::job_suite!(Memory);

#[test]
fn the_claims_are_those_of_the_books_table() {
    tenantry_conformance::book::job_claims_are_recorded::<Memory>();
}

struct Memory(MemoryJobQueue);

impl JobHarness for Memory {
    const ADAPTER: &'static str = "memory";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        Self(MemoryJobQueue::new(clock))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(self.0.clone())
    }
}
