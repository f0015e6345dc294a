//! The memory queue does what every job queue must do, and its schedules what every store of schedules must.

use std::sync::Arc;

use tenantry::ports::{JobQueue, JobSchedules};
use tenantry_conformance::jobs::schedules::ScheduleHarness;
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness};
use tenantry_memory::{MemoryJobQueue, MemoryJobSchedules};

tenantry_conformance::job_suite!(Memory);

mod schedules {
    tenantry_conformance::schedule_suite!(super::Memory);
}

#[test]
fn the_claims_are_those_of_the_books_table() {
    tenantry_conformance::book::job_claims_are_recorded::<Memory>();
}

#[test]
fn the_books_table_has_its_schedules() {
    tenantry_conformance::book::schedules_are_recorded::<Memory>();
}

struct Memory {
    queue: MemoryJobQueue,
    schedules: MemoryJobSchedules,
}

impl JobHarness for Memory {
    const ADAPTER: &'static str = "memory";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        let queue = MemoryJobQueue::new(clock);
        let schedules = MemoryJobSchedules::new(&queue);
        Self { queue, schedules }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(self.queue.clone())
    }
}

impl ScheduleHarness for Memory {
    fn schedules(&self) -> Arc<dyn JobSchedules> {
        Arc::new(self.schedules.clone())
    }
}
