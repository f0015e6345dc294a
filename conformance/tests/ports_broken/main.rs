//! Every behaviour of the smaller ports can fail: at least one broken adapter breaks it, and the whole one breaks none.

mod audit;
mod domains;
mod members;
mod operators;
mod requests;
mod tables;
mod usage;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tenantry_conformance::PortBehaviour;

/// The fault of the moment, for all of the process: each port's is set by one test alone.
struct Current<F>(Mutex<Option<F>>);

impl<F: Copy> Current<F> {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn set(&self, fault: Option<F>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn get(&self) -> Option<F> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Panics unless the whole adapter holds all behaviours, each fault breaks one, and each of them is broken by a fault.
fn all_can_fail<F: Copy + Debug>(
    current: &Current<F>,
    faults: &[F],
    catalogue: &[&'static str],
    behaviours: impl Fn() -> Vec<PortBehaviour>,
) {
    let broken_by = |fault| -> BTreeSet<&'static str> {
        current.set(fault);
        thread::scope(|scope| {
            let running: Vec<_> = behaviours()
                .into_iter()
                .map(|one| scope.spawn(move || one.check().is_err().then_some(one.name)))
                .collect();
            let ended = running.into_iter().map(|one| one.join().expect("no panic"));
            ended.flatten().collect()
        })
    };
    assert_eq!(broken_by(None), BTreeSet::new(), "the whole one");
    let mut broken = BTreeSet::new();
    for fault in faults {
        let by_it = broken_by(Some(*fault));
        assert!(!by_it.is_empty(), "{fault:?} breaks nothing");
        broken.extend(by_it);
    }
    let all: BTreeSet<_> = catalogue.iter().copied().collect();
    assert_eq!(all.len(), catalogue.len(), "their names differ");
    assert_eq!(all, broken, "those that can fail");
}
