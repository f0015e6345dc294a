//! Every behaviour of job queues can fail: at least one broken queue breaks it, and the whole one breaks none.

mod fault;
mod faulty;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use fault::Fault;
use faulty::Faulty;
use futures_lite::future::block_on;
use tenantry::jobs::JobEnvelope;
use tenantry::ports::JobQueue;
use tenantry_conformance::ProbeError;
use tenantry_conformance::jobs::{
    HandClock, JobCapability, JobHarness, Transaction, alike, catalogue, check, job_behaviours,
};

/// The fault is set for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A queue with the fault of the moment.
struct Broken(Arc<Faulty>);

impl JobHarness for Broken {
    const ADAPTER: &'static str = "broken";
    const CLAIMS: &'static [JobCapability] = &[JobCapability::HandingOut];

    fn start(clock: Arc<HandClock>) -> Self {
        Self(Arc::new(Faulty::new(clock, Fault::current())))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        self.0.clone()
    }
}

/// A queue that says it is transactional, and puts jobs in whatever becomes of the transaction.
struct Hasty(Arc<Faulty>);

impl JobHarness for Hasty {
    const ADAPTER: &'static str = "hasty";
    const CLAIMS: &'static [JobCapability] = &JobCapability::ALL;

    fn start(clock: Arc<HandClock>) -> Self {
        Self(Arc::new(Faulty::new(clock, None)))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        self.0.clone()
    }

    fn put_in_within(&self, job: &JobEnvelope, _ending: Transaction) -> Result<(), ProbeError> {
        block_on(self.0.enqueue(job))
            .map(drop)
            .map_err(|_| ProbeError::OnPurpose)
    }
}

/// A whole queue that claims nothing.
struct Modest(Arc<Faulty>);

impl JobHarness for Modest {
    const ADAPTER: &'static str = "modest";
    const CLAIMS: &'static [JobCapability] = &[];

    fn start(clock: Arc<HandClock>) -> Self {
        Self(Arc::new(Faulty::new(clock, None)))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        self.0.clone()
    }
}

/// A queue that claims a transaction and has none.
struct Boastful(Arc<Faulty>);

impl JobHarness for Boastful {
    const ADAPTER: &'static str = "boastful";
    const CLAIMS: &'static [JobCapability] = &JobCapability::ALL;

    fn start(clock: Arc<HandClock>) -> Self {
        Self(Arc::new(Faulty::new(clock, None)))
    }

    fn queue(&self) -> Arc<dyn JobQueue> {
        self.0.clone()
    }
}

const WITHIN_A_TRANSACTION: &str =
    "a_job_put_in_within_a_transaction_exists_if_and_only_if_it_commits";

fn broken_by(fault: Option<Fault>) -> BTreeSet<&'static str> {
    Fault::set(fault);
    job_behaviours::<Broken>()
        .into_iter()
        .filter(|behaviour| behaviour.check().is_err())
        .map(|behaviour| behaviour.name)
        .collect()
}

#[test]
fn the_whole_queue_holds_every_behaviour() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(broken_by(None), BTreeSet::new());
}

#[test]
fn each_behaviour_is_broken_by_a_queue_and_each_broken_queue_breaks_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut broken = BTreeSet::new();
    for fault in Fault::ALL {
        let by_it = broken_by(Some(fault));
        assert!(!by_it.is_empty(), "{fault:?} breaks nothing");
        broken.extend(by_it);
    }
    if check::<Hasty>(WITHIN_A_TRANSACTION).is_err() {
        broken.insert(WITHIN_A_TRANSACTION);
    }
    let unbroken: Vec<_> = catalogue()
        .into_iter()
        .filter(|name| !broken.contains(name))
        .collect();
    assert!(unbroken.is_empty(), "nothing breaks {unbroken:?}");
}

#[test]
fn a_claim_too_few_and_a_claim_too_many_are_found_out() {
    let few = check::<Modest>("the_highest_priority_goes_first").expect_err("not claimed");
    assert!(few.to_string().contains("claim it"), "{few}");
    let many = check::<Boastful>(WITHIN_A_TRANSACTION).expect_err("claimed");
    assert!(many.to_string().contains("it is claimed"), "{many}");
    assert!(check::<Modest>(WITHIN_A_TRANSACTION).is_ok());
}

#[test]
fn the_names_of_behaviours_differ() {
    let names = catalogue();
    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), different.len());
    assert!(check::<Broken>("no_such_behaviour").is_err());
}

#[test]
fn random_work_on_two_queues_tells_a_broken_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Fault::set(None);
    assert!(alike::<Hasty, Broken>(1_000, 1).is_ok());
    for fault in [
        Fault::ForgetsUniqueKeys,
        Fault::IgnoresPriorities,
        Fault::LastInFirstOut,
        Fault::NeverTakesBack,
        Fault::GivesEachTheSameToken,
        Fault::BurnsWhatIsGivenBack,
        Fault::LetsOneJobWaitForItsScope,
        Fault::PrunesEveryScope,
        Fault::HasOneLaneForAll,
        Fault::IgnoresShares,
    ] {
        Fault::set(Some(fault));
        let found = alike::<Hasty, Broken>(1_000, 1);
        assert!(found.is_err(), "{fault:?} isn't noticed");
    }
}
