use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use super::{Generation, StoredKey};
use crate::sync::{Mutex, MutexGuard};

/// The computations that are under way in this process, so that each is done by one caller while the others wait.
///
/// One is known by its key and the generation in which it began: who comes after a change or a flush never gets a value
/// that was begun before it.
#[derive(Default)]
pub(super) struct Flights(Mutex<Aloft>);

#[derive(Default)]
struct Aloft {
    flights: BTreeMap<FlightKey, Weak<Flight>>,
    tidy_at: usize,
}

pub(super) type FlightKey = (StoredKey, Option<Generation>);

/// One computation: whoever holds the lock computes, and leaves the value for those who waited.
#[derive(Default)]
pub(super) struct Flight(Mutex<Option<Vec<u8>>>);

impl Flights {
    const TIDY_AT_LEAST: usize = 64;

    pub(super) async fn join(&self, key: FlightKey) -> Arc<Flight> {
        let mut aloft = self.0.lock().await;
        if let Some(flight) = aloft.flights.get(&key).and_then(Weak::upgrade) {
            return flight;
        }
        // A caller whose future was dropped takes nothing out, so what is left of it goes here.
        if aloft.flights.len() >= aloft.tidy_at {
            aloft.flights.retain(|_, flight| flight.strong_count() > 0);
            aloft.tidy_at = Self::TIDY_AT_LEAST.max(2 * aloft.flights.len());
        }
        let flight = Arc::<Flight>::default();
        aloft.flights.insert(key, Arc::downgrade(&flight));
        flight
    }

    /// Nobody joins this flight any more: its value is in the cache, where it can expire and be deleted.
    pub(super) async fn close(&self, key: &FlightKey, flight: &Arc<Flight>) {
        let mut aloft = self.0.lock().await;
        let same = |kept: &Weak<Flight>| Weak::ptr_eq(kept, &Arc::downgrade(flight));
        if aloft.flights.get(key).is_some_and(same) {
            aloft.flights.remove(key);
        }
    }

    #[cfg(all(test, shuttle))]
    pub(super) async fn is_aloft(&self, key: &FlightKey) -> bool {
        let aloft = self.0.lock().await;
        let flight = aloft.flights.get(key);
        flight.is_some_and(|flight| flight.strong_count() > 0)
    }
}

impl Flight {
    /// Waits for the turn to compute. The value is there if another has computed it meanwhile.
    pub(super) async fn turn(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().await
    }
}
