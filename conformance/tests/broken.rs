//! Every behaviour can fail: at least one broken adapter breaks it, and the whole one breaks none.

#![expect(
    clippy::unwrap_used,
    reason = "an adapter that is made for a test fails the test"
)]

mod simulated;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::thread;

use simulated::Simulated;
use simulated::fault::Fault;
use tenantry_conformance::model::{self, ModelRun};
use tenantry_conformance::{Verdict, behaviours};

/// Faults are set for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A fault that breaks more behaviours than this breaks the beginning of most worlds.
const MOST_BROKEN: usize = 25;

/// How many behaviours run at once: more would keep each other from their turn for longer than they wait.
const AT_ONCE: usize = 16;

/// What each behaviour says of an adapter with this fault.
fn verdicts(fault: Option<Fault>) -> Vec<(&'static str, Verdict)> {
    let told = Mutex::new(Vec::new());
    Fault::during(fault, || {
        let waiting = Mutex::new(behaviours::<Simulated>().into_iter());
        let run = || {
            loop {
                let next = waiting.lock().unwrap().next();
                let Some(behaviour) = next else { return };
                let verdict = behaviour.check();
                let name = behaviour.described().name;
                told.lock().unwrap().push((name, verdict));
            }
        };
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(run);
            }
        });
    });
    told.into_inner().unwrap()
}

fn broken_by(fault: Fault) -> BTreeSet<&'static str> {
    verdicts(Some(fault))
        .into_iter()
        .filter(|(_, verdict)| verdict.is_err())
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_whole_adapter_holds_every_behaviour() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let broken: Vec<_> = verdicts(None)
        .into_iter()
        .filter_map(|(name, verdict)| {
            verdict
                .err()
                .map(|violation| format!("{name}: {violation}"))
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the counts are for whoever adds a fault"
)]
fn every_behaviour_is_broken_by_a_fault_and_every_fault_breaks_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut unbroken: BTreeSet<_> = tenantry_conformance::catalogue()
        .into_iter()
        .map(|behaviour| behaviour.name)
        .collect();
    let mut harmless = Vec::new();
    for fault in Fault::ALL {
        let broken = broken_by(*fault);
        println!("{fault:?} breaks {}", broken.len());
        if broken.is_empty() {
            harmless.push(fault);
        }
        // Neither says anything about what a behaviour looks at: a world that can't even begin, and no claims.
        let is_telling = broken.len() <= MOST_BROKEN && *fault != Fault::NothingIsClaimed;
        if is_telling {
            unbroken.retain(|name| !broken.contains(name));
        }
    }
    assert!(unbroken.is_empty(), "no fault breaks {unbroken:#?}");
    assert!(harmless.is_empty(), "these break nothing: {harmless:?}");
}

#[test]
fn random_work_that_goes_wrong_says_how_to_repeat_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let work = ModelRun {
        threads: 2,
        tenants: 3,
        connections: 2,
        operations: 60,
        seed: 42,
    };
    let run = |fault| Fault::during(fault, || model::run::<Simulated>(&work));
    let violation = run(Some(Fault::PathIsSetOnce)).unwrap_err().to_string();
    assert!(
        violation.contains("TENANTRY_SEED=42 repeats it"),
        "{violation}"
    );
    run(None).unwrap();
}

#[test]
fn whoever_can_do_more_than_it_claims_is_told_to_claim_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, verdict) in verdicts(Some(Fault::NothingIsClaimed)) {
        let needs = tenantry_conformance::catalogue()
            .into_iter()
            .find(|behaviour| behaviour.name == name)
            .and_then(|behaviour| behaviour.needs);
        let told = verdict.is_err_and(|violation| violation.to_string().contains("claim"));
        assert_eq!(told, needs.is_some(), "{name}");
    }
}
