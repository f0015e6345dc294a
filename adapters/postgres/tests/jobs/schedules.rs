//! Every behaviour of schedules, and what a step that fails leaves behind.

use std::sync::Arc;

use tenantry::jobs::{
    JobPayload, JobReach, JobScheduler, JobSchedulerError, Schedule, ScheduleName, Tick,
};
use tenantry::ports::{
    JobQueue, JobQueueError, JobSchedules, JobSchedulesError, PutSchedule, SchedulePage,
    TenantRepository,
};
use tenantry::{Actor, PageSize};
use tenantry_conformance::jobs::schedules::ScheduleHarness;
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness};
use tenantry_postgres::TenantPool;
use tenantry_postgres::jobs::{PostgresJobQueue, PostgresJobSchedules};

use crate::world::{World, kind, wait};

tenantry_conformance::schedule_suite!(Pooled);

#[test]
fn the_books_table_has_its_schedules() {
    tenantry_conformance::book::schedules_are_recorded::<Pooled>();
}

struct Pooled {
    pool: TenantPool,
    clock: Arc<HandClock>,
}

impl JobHarness for Pooled {
    const ADAPTER: &'static str = "postgres, pool";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        let pool = World::new().pool();
        Self { pool, clock }
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        let queue = PostgresJobQueue::over(self.pool.clone());
        Arc::new(queue.with_clock(self.clock.clone()))
    }
}

impl ScheduleHarness for Pooled {
    fn schedules(&self) -> Arc<dyn JobSchedules> {
        let schedules = PostgresJobSchedules::over(self.pool.clone());
        Arc::new(schedules.with_clock(self.clock.clone()))
    }
}

fn every_minute(name: &str) -> Schedule {
    let name = ScheduleName::new(name).expect("a name");
    let cron = "* * * * *".parse().expect("each minute");
    let payload = JobPayload::of(&1).expect("JSON");
    Schedule::shared_on_purpose(Actor::system(), name, cron, kind(), payload)
}

/// By the server's clock, so that a time of long ago is due.
struct Due {
    world: World,
    schedules: Arc<PostgresJobSchedules>,
    scheduler: JobScheduler,
}

impl Due {
    fn put(schedules_to_put: &[Schedule]) -> Self {
        let world = World::new();
        let (tenants, _) = world.recorded();
        let store = Arc::new(PostgresJobSchedules::over(world.pool()));
        for schedule in schedules_to_put {
            let put = wait(store.put(schedule)).expect("it is put");
            assert_eq!(put, PutSchedule::New);
        }
        world.sql("UPDATE tenantry_job_schedules SET next_due = '2020-01-01T00:00:00Z'");
        let tenants: Arc<dyn TenantRepository> = Arc::new(tenants);
        Self {
            scheduler: JobScheduler::new(store.clone(), tenants),
            schedules: store,
            world,
        }
    }

    fn tick(&self) -> Tick {
        wait(self.scheduler.tick()).expect("it can be said what is due")
    }

    fn waiting(&self) -> u64 {
        let queue = PostgresJobQueue::over(self.world.pool());
        wait(queue.stats(JobReach::Everything))
            .expect("counted")
            .waiting
    }
}

#[test]
fn a_step_whose_job_cannot_be_put_in_moves_nothing_and_is_taken_later() {
    let due = Due::put(&[every_minute("sweep")]);
    due.world
        .sql("ALTER TABLE tenantry_jobs ADD CONSTRAINT refusing CHECK (kind <> 'work')");
    let before = due.world.sql("SELECT * FROM tenantry_job_schedules");
    let mut tick = due.tick();
    let failure = tick.failed.pop().expect("the step failed");
    assert!(
        matches!(
            failure.error,
            JobSchedulerError::Schedules(JobSchedulesError::Queue(JobQueueError::Failed { .. }))
        ),
        "{}",
        failure.error
    );
    assert_eq!((tick.jobs, tick.advanced, due.waiting()), (0, 0, 0));
    assert_eq!(
        due.world.sql("SELECT * FROM tenantry_job_schedules"),
        before
    );
    due.world
        .sql("ALTER TABLE tenantry_jobs DROP CONSTRAINT refusing");
    let tick = due.tick();
    assert_eq!((tick.jobs, tick.advanced, due.waiting()), (1, 1, 1));
    assert_eq!(due.tick().jobs, 0);
}

#[test]
fn a_schedule_that_cannot_be_read_does_not_hide_the_others_and_can_be_put_again() {
    let (broken, whole) = (every_minute("broken"), every_minute("whole"));
    let due = Due::put(&[broken.clone(), whole]);
    due.world.sql(
        "UPDATE tenantry_job_schedules SET definition = '{}', paused = true WHERE key = 'shared/broken'",
    );
    assert_eq!(due.tick().failed.len(), 0, "it is paused");
    due.world
        .sql("UPDATE tenantry_job_schedules SET paused = false, next_due = '2020-01-01T00:00:00Z'");
    let tick = due.tick();
    let failed: Vec<_> = tick.failed.iter().map(|failure| &failure.key).collect();
    assert_eq!(
        (tick.advanced, failed),
        (1, vec![&broken.key().to_string()])
    );
    let put = wait(due.schedules.put(&broken)).expect("it is put again");
    assert_eq!(put, PutSchedule::Replaced);
    wait(due.schedules.find(broken.key())).expect("it can be read");
}

#[test]
fn a_schedule_whose_very_key_cannot_be_read_stops_no_other_and_is_told_and_listed() {
    let due = Due::put(&["a", "b", "c"].map(every_minute));
    due.world.sql(
        "UPDATE tenantry_job_schedules SET key = 'shared/No name' WHERE key = 'shared/a'; \
         UPDATE tenantry_job_schedules SET key = 'nobody/c', target = 'nobody' WHERE key = 'shared/c'",
    );
    for size in [1, 2, 3, 50] {
        due.world
            .sql("UPDATE tenantry_job_schedules SET next_due = '2020-01-01T00:00:00Z'");
        let size = PageSize::new(size).expect("a size");
        let scheduler = due.scheduler.clone().with_page_size(size);
        let tick = wait(scheduler.tick()).expect("it can be said what is due");
        let failed: Vec<_> = tick.failed.iter().map(|failure| &failure.key).collect();
        assert_eq!(failed, ["nobody/c", "shared/No name"], "{size:?}");
        assert_eq!(tick.advanced, 1, "{size:?}");
        let (mut read, mut unreadable) = (Vec::new(), Vec::new());
        let mut page = SchedulePage { after: None, size };
        loop {
            let found = wait(due.schedules.list(None, &page)).expect("it is listed");
            let records = found.records.iter();
            read.extend(records.map(|record| record.schedule.key().to_string()));
            unreadable.extend(found.unreadable.into_iter().map(|schedule| schedule.key));
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(read, ["shared/b"], "{size:?}");
        assert_eq!(unreadable, ["nobody/c", "shared/No name"], "{size:?}");
    }
}

#[test]
fn without_the_table_the_store_says_what_to_run() {
    let schedules = PostgresJobSchedules::over(World::without_the_tables().pool());
    let put = wait(schedules.put(&every_minute("sweep"))).expect_err("there is no table");
    assert!(
        matches!(
            put,
            JobSchedulesError::Queue(JobQueueError::NotSetUp { .. })
        ),
        "{put}"
    );
}
