//! Every behaviour of schedules can fail: at least one broken store breaks it, and the whole one breaks none.

mod fault;
mod faulty;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use faulty::Faulty;
use tenantry::ports::{JobQueue, JobSchedules};
use tenantry_conformance::jobs::schedules::{
    ScheduleHarness, catalogue, check, schedule_behaviours,
};
use tenantry_conformance::jobs::{HandClock, JobCapability, JobHarness};

/// The fault is set for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Schedules with the fault of the moment.
struct Broken(Arc<Faulty>);

impl JobHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        Self(Arc::new(Faulty::new(clock, Fault::current())))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(self.0.queue.clone())
    }
}

impl ScheduleHarness for Broken {
    fn schedules(&self) -> Arc<dyn JobSchedules> {
        self.0.clone()
    }
}

fn broken_by(fault: Option<Fault>) -> BTreeSet<&'static str> {
    Fault::set(fault);
    schedule_behaviours::<Broken>()
        .into_iter()
        .filter(|behaviour| behaviour.check().is_err())
        .map(|behaviour| behaviour.name)
        .collect()
}

#[test]
fn the_whole_store_holds_every_behaviour() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(broken_by(None), BTreeSet::new());
}

#[test]
fn each_behaviour_is_broken_by_a_store_and_each_broken_store_breaks_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut broken = BTreeSet::new();
    for fault in Fault::ALL {
        let by_it = broken_by(Some(fault));
        assert!(!by_it.is_empty(), "{fault:?} breaks nothing");
        broken.extend(by_it);
    }
    let unbroken: Vec<_> = catalogue()
        .into_iter()
        .filter(|name| !broken.contains(name))
        .collect();
    assert!(unbroken.is_empty(), "nothing breaks {unbroken:?}");
}

#[test]
fn the_names_of_behaviours_differ() {
    let names = catalogue();
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), different.len());
    assert!(check::<Broken>("no_such_behaviour").is_err());
}
