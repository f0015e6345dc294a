use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_lite::future::block_on;
use tenantry::jobs::{
    JobScheduler, Schedule, ScheduleKey, ScheduleRecord, ScheduleStep, ScheduleTarget, Tick,
};
use tenantry::ports::{
    Advanced, DueSchedules, JobSchedules, JobSchedulesError, PutSchedule, ScheduleListing,
    SchedulePage, TenantRepository, UnreadableSchedule,
};
use tenantry::{PageSize, TenantStatus};
use tenantry_memory::MemoryTenantRepository;

use crate::support::{at, beginning, cron, for_every_tenant, kind, name, payload, stored, tenant};

/// Pages of one schedule each, as a store may hand them out.
struct Pages {
    records: Vec<ScheduleRecord>,
    /// The schedule of this number can't be read.
    spoiled: Option<usize>,
    /// Another scheduler is faster each time.
    overtaken: bool,
    /// What the last page says comes after it, though nothing does.
    after_the_last: Option<String>,
    asked: Mutex<Vec<Option<String>>>,
}

impl Pages {
    fn of(names: &[&str]) -> Self {
        let record = |text: &&str| {
            let actor = tenantry::Actor::system();
            let hourly = cron("0 * * * *");
            let schedule =
                Schedule::shared_on_purpose(actor, name(text), hourly, kind(), payload());
            stored(schedule, beginning())
        };
        Self {
            records: names.iter().map(record).collect(),
            spoiled: None,
            overtaken: false,
            after_the_last: None,
            asked: Mutex::default(),
        }
    }

    fn key(&self, index: usize) -> Option<String> {
        let record = self.records.get(index)?;
        Some(record.schedule.key().to_string())
    }

    fn tick(self) -> (Tick, Vec<Option<String>>) {
        let pages = Arc::new(self);
        let tenants = Arc::new(MemoryTenantRepository::new());
        let tick = block_on(JobScheduler::new(pages.clone(), tenants).tick()).unwrap();
        let asked = pages.asked.lock().unwrap().clone();
        (tick, asked)
    }
}

#[async_trait]
impl JobSchedules for Pages {
    async fn due(&self, page: &SchedulePage) -> Result<DueSchedules, JobSchedulesError> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(page.after.clone());
        assert!(asked.len() < 9, "it goes round for ever: {asked:?}");
        let keys = self.records.iter();
        let keys = keys.map(|record| record.schedule.key().to_string());
        let index = keys
            .take_while(|key| page.after.as_ref().is_some_and(|after| key <= after))
            .count();
        let is_last = index + 1 >= self.records.len();
        let next = if is_last {
            self.after_the_last.clone()
        } else {
            self.key(index)
        };
        let row = |record: ScheduleRecord| {
            let key = record.schedule.key().to_string();
            let source = "spoiled".into();
            match self.spoiled {
                Some(spoiled) if spoiled == index => Err(UnreadableSchedule { key, source }),
                _ => Ok(record),
            }
        };
        let page = SchedulePage {
            size: PageSize::new(1).unwrap(),
            ..page.clone()
        };
        let rows = self.records.get(index).cloned().map(row);
        Ok(DueSchedules {
            now: now(),
            listing: ScheduleListing {
                next,
                ..ScheduleListing::of(&page, rows)
            },
        })
    }

    async fn advance(
        &self,
        _: &ScheduleRecord,
        step: &ScheduleStep,
    ) -> Result<Advanced, JobSchedulesError> {
        if self.overtaken {
            return Ok(Advanced::Overtaken);
        }
        let put_in = step.jobs.len();
        Ok(Advanced::Moved { put_in })
    }

    async fn put(&self, _: &Schedule) -> Result<PutSchedule, JobSchedulesError> {
        panic!("{ASKED}")
    }

    async fn find(&self, _: &ScheduleKey) -> Result<ScheduleRecord, JobSchedulesError> {
        panic!("{ASKED}")
    }

    async fn list(
        &self,
        _: Option<ScheduleTarget>,
        _: &SchedulePage,
    ) -> Result<ScheduleListing, JobSchedulesError> {
        panic!("{ASKED}")
    }

    async fn remove(&self, _: &ScheduleKey) -> Result<(), JobSchedulesError> {
        panic!("{ASKED}")
    }

    async fn pause(&self, _: &ScheduleKey) -> Result<(), JobSchedulesError> {
        panic!("{ASKED}")
    }

    async fn resume(&self, _: &ScheduleKey) -> Result<(), JobSchedulesError> {
        panic!("{ASKED}")
    }
}

const ASKED: &str = "a tick asks what is due and takes steps";

fn now() -> DateTime<Utc> {
    at("2026-05-01T07:20:00Z")
}

#[test]
fn a_tick_takes_a_step_for_what_is_due_on_every_page() {
    let pages = Pages::of(&["a", "b", "c"]);
    let wanted = [None, pages.key(0), pages.key(1)];
    let (tick, asked) = pages.tick();
    assert_eq!((tick.advanced, tick.jobs), (3, 3));
    assert_eq!(
        (tick.overtaken, tick.unfinished, tick.failed.len()),
        (0, 0, 0)
    );
    assert_eq!(asked, wanted);
}

#[test]
fn a_schedule_that_cannot_be_read_is_told_and_the_others_take_their_steps() {
    for spoiled in 0..3 {
        let mut pages = Pages::of(&["a", "b", "c"]);
        pages.spoiled = Some(spoiled);
        let key = pages.key(spoiled).unwrap();
        let (tick, asked) = pages.tick();
        let failed: Vec<_> = tick.failed.iter().map(|failure| &failure.key).collect();
        assert_eq!((tick.advanced, failed, asked.len()), (2, vec![&key], 3));
        let said = tick.failed[0].error.to_string();
        assert!(said.contains(&key), "{said}");
    }
}

#[test]
fn a_page_that_is_full_says_where_to_go_on_whatever_can_be_read_of_it() {
    let page = |size| SchedulePage {
        after: None,
        size: PageSize::new(size).unwrap(),
    };
    let rows = || {
        let unreadable = UnreadableSchedule {
            key: "shared/No name".into(),
            source: "spoiled".into(),
        };
        let Pages { mut records, .. } = Pages::of(&["a"]);
        [Err(unreadable), Ok(records.remove(0))]
    };
    let listing = ScheduleListing::of(&page(2), rows());
    assert_eq!((listing.records.len(), listing.unreadable.len()), (1, 1));
    assert_eq!(listing.next.as_deref(), Some("shared/a"));
    let [spoiled, whole] = rows();
    let listing = ScheduleListing::of(&page(2), [whole, spoiled]);
    assert_eq!(listing.next.as_deref(), Some("shared/No name"));
    assert_eq!(ScheduleListing::of(&page(3), rows()).next, None);
    assert_eq!(ScheduleListing::of(&page(1), []).next, None);
}

#[test]
fn steps_that_another_scheduler_took_are_counted_as_such() {
    let mut pages = Pages::of(&["a", "b", "c"]);
    pages.overtaken = true;
    let (tick, _) = pages.tick();
    assert_eq!((tick.advanced, tick.jobs, tick.overtaken), (0, 0, 3));
}

#[test]
fn runs_that_are_not_put_in_for_every_tenant_yet_are_counted() {
    let tenants = Arc::new(MemoryTenantRepository::new());
    for number in 1..=3 {
        block_on(tenants.insert(&tenant(number, TenantStatus::Active))).unwrap();
    }
    for (size, unfinished) in [(2, 1), (3, 0)] {
        let pages = Arc::new(Pages {
            records: vec![stored(for_every_tenant("0 * * * *"), beginning())],
            ..Pages::of(&[])
        });
        let scheduler = JobScheduler::new(pages, tenants.clone());
        let scheduler = scheduler.with_page_size(PageSize::new(size).unwrap());
        let tick = block_on(scheduler.tick()).unwrap();
        assert_eq!((tick.jobs, tick.unfinished), (size.into(), unfinished));
    }
}

#[test]
fn a_store_that_goes_round_in_a_circle_doesn_t_keep_a_tick_for_ever() {
    for back_to in [0, 1] {
        let mut pages = Pages::of(&["a", "b", "c"]);
        pages.after_the_last = pages.key(back_to);
        let (tick, asked) = pages.tick();
        assert_eq!((tick.advanced, asked.len()), (3, 3), "back to {back_to}");
    }
}
