//! Every behaviour of caches can fail: at least one broken cache breaks it, and the whole one breaks none.
#![expect(
    clippy::unwrap_used,
    reason = "an adapter that is made for a test fails the test"
)]

mod fault;
mod faulty;
mod store;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use fault::Fault;
use faulty::Faulty;
use futures_lite::future::block_on;
use tenantry::ports::Cache;
use tenantry_conformance::cache::{CacheHarness, Disturbance, cache_behaviours, catalogue};
use tenantry_conformance::{ProbeError, Verdict};

/// The fault is set for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());
static FAULT: Mutex<Option<Fault>> = Mutex::new(None);

/// A cache with the fault of the moment.
struct Broken(Faulty);

impl CacheHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const CLAIMS: &'static [Disturbance] =
        &[Disturbance::Away, Disturbance::Silent, Disturbance::Full];
    const DEADLINE: Duration = Duration::from_millis(100);

    fn start() -> Self {
        let fault = FAULT.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Faulty::new(*fault))
    }

    fn cache(&self) -> Arc<dyn Cache> {
        let fault = self.0.lock().fault;
        if fault == Some(Fault::ProcessesKeepTheirOwn) {
            return Arc::new(Faulty::new(fault));
        }
        Arc::new(self.0.clone())
    }

    fn pass(&self, time: Duration) {
        self.0.lock().now += time;
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        block_on(work)
    }

    fn while_disturbed(
        &self,
        disturbance: Disturbance,
        work: &mut dyn FnMut(),
    ) -> Result<(), ProbeError> {
        self.0.lock().disturbance = Some(disturbance);
        work();
        self.0.lock().disturbance = None;
        Ok(())
    }
}

/// A cache that claims less than it can do.
struct Modest(Broken);

impl CacheHarness for Modest {
    const ADAPTER: &'static str = "modest";
    const CLAIMS: &'static [Disturbance] = &[];
    const DEADLINE: Duration = Broken::DEADLINE;

    fn start() -> Self {
        Self(Broken::start())
    }

    fn cache(&self) -> Arc<dyn Cache> {
        self.0.cache()
    }

    fn pass(&self, time: Duration) {
        self.0.pass(time);
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        block_on(work)
    }

    fn while_disturbed(
        &self,
        disturbance: Disturbance,
        work: &mut dyn FnMut(),
    ) -> Result<(), ProbeError> {
        self.0.while_disturbed(disturbance, work)
    }
}

/// What each behaviour says of a cache with this fault.
fn verdicts<H: CacheHarness>(fault: Option<Fault>) -> Vec<(&'static str, Verdict)> {
    *FAULT.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    let running: Vec<_> = cache_behaviours::<H>()
        .into_iter()
        .map(|behaviour| (behaviour.name, thread::spawn(move || behaviour.check())))
        .collect();
    running
        .into_iter()
        .map(|(name, run)| (name, run.join().expect("a check doesn't panic")))
        .collect()
}

fn broken_by(fault: Fault) -> BTreeSet<&'static str> {
    let verdicts = verdicts::<Broken>(Some(fault)).into_iter();
    let broken = verdicts.filter(|(_, verdict)| verdict.is_err());
    broken.map(|(name, _)| name).collect()
}

#[test]
fn the_whole_cache_holds_every_behaviour() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, verdict) in verdicts::<Broken>(None) {
        assert!(verdict.is_ok(), "{name}: {}", verdict.unwrap_err());
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the counts are for whoever adds a fault"
)]
fn each_behaviour_is_broken_by_a_cache_and_each_broken_cache_breaks_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut unbroken: BTreeSet<_> = catalogue().into_iter().collect();
    let mut harmless = Vec::new();
    for fault in Fault::ALL {
        let broken = broken_by(*fault);
        println!("{fault:?} breaks {broken:?}");
        if broken.is_empty() {
            harmless.push(fault);
        }
        unbroken.retain(|name| !broken.contains(name));
    }
    assert!(unbroken.is_empty(), "no fault breaks {unbroken:#?}");
    assert!(harmless.is_empty(), "these break nothing: {harmless:?}");
}

#[test]
fn whoever_can_do_more_than_it_claims_is_told_to_claim_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let told: Vec<_> = verdicts::<Modest>(None)
        .into_iter()
        .filter(|(_, verdict)| {
            let told = |violation: &tenantry_conformance::Violation| {
                violation.to_string().contains("claim it")
            };
            verdict.as_ref().is_err_and(told)
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
}
