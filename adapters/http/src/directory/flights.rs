use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tenantry::resolution::TenantReference;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::DirectoryError;
use super::entry::{Known, Reading};
use super::freshness::Freshness;

/// The look-ups that are under way, so that those who ask for the same share one.
#[derive(Default)]
pub(super) struct Flights {
    aloft: Mutex<HashMap<TenantReference, Weak<Flight>>>,
}

/// One look-up: the first to hold the cell reads, and goes on to the next if its future is dropped.
pub(super) struct Flight {
    pub(super) begun: Reading,
    pub(super) landing: OnceCell<Result<Arc<Known>, DirectoryError>>,
}

impl Flights {
    const TIDY_AT: usize = 256;

    /// The look-up that is under way, unless something has changed since it began or it is too old, or a new one.
    pub(super) fn join(
        &self,
        reference: &TenantReference,
        freshness: &Freshness,
        now: Instant,
    ) -> Arc<Flight> {
        let mut aloft = self.aloft.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = aloft.get(reference).and_then(Weak::upgrade) {
            let current = freshness.is_undisturbed(flight.begun);
            if current && freshness.is_young(flight.begun, now) {
                return flight;
            }
        }
        if aloft.len() >= Self::TIDY_AT {
            aloft.retain(|_, flight| flight.strong_count() > 0);
        }
        let flight = Arc::new(Flight {
            begun: freshness.reading(now),
            landing: OnceCell::new(),
        });
        aloft.insert(reference.clone(), Arc::downgrade(&flight));
        flight
    }
}
