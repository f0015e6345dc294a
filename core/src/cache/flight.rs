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

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use futures_lite::future::block_on;

    use super::*;
    use crate::cache::{CacheKey, KeySpace};

    fn key(number: usize) -> FlightKey {
        let key = CacheKey::new(number.to_string()).unwrap();
        (KeySpace::shared().key(&key), None)
    }

    #[test]
    fn what_is_left_of_dropped_callers_goes_and_what_is_under_way_stays() {
        let flights = Flights::default();
        let under_way: Vec<_> = (0..10).map(|n| block_on(flights.join(key(n)))).collect();
        for number in 10..1_000 {
            drop(block_on(flights.join(key(number))));
            let kept = block_on(flights.0.lock()).flights.len();
            assert!(kept <= 64, "{kept} are kept after {number}");
        }
        for (number, flight) in under_way.iter().enumerate() {
            assert!(Arc::ptr_eq(flight, &block_on(flights.join(key(number)))));
        }
    }

    #[test]
    fn nobody_joins_a_flight_that_is_closed_nor_closes_the_one_after_it() {
        let flights = Flights::default();
        let first = block_on(flights.join(key(0)));
        block_on(flights.close(&key(0), &first));
        let second = block_on(flights.join(key(0)));
        assert!(!Arc::ptr_eq(&first, &second));
        block_on(flights.close(&key(0), &first));
        assert!(Arc::ptr_eq(&second, &block_on(flights.join(key(0)))));
    }
}
