use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// An allowance that refills, and takes back what wasn't used after all.
///
/// A limiter of the usual kind can't: whether a look-up was for nobody is known afterwards, and only those count. To take
/// beforehand and give back is what keeps many at once from taking more than there is.
pub(super) struct Bucket {
    per_second: u32,
    state: Mutex<State>,
}

struct State {
    /// In nanoseconds of refilling, so that nothing is lost by rounding.
    level: u128,
    at: Instant,
}

impl Bucket {
    const SECOND: u128 = Duration::from_secs(1).as_nanos();

    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            state: Mutex::new(State {
                level: Self::SECOND * u128::from(per_second),
                at: Instant::now(),
            }),
        }
    }

    /// Takes one, or says how long it takes until there is one.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.at);
        state.at = state.at.max(now);
        let refilled = state.level + passed.as_nanos() * u128::from(self.per_second);
        state.level = refilled.min(self.full());
        if let Some(left) = state.level.checked_sub(Self::SECOND) {
            state.level = left;
            return Ok(());
        }
        let missing = (Self::SECOND - state.level).div_ceil(u128::from(self.per_second));
        let missing = u64::try_from(missing).unwrap_or(u64::MAX);
        Err(Duration::from_nanos(missing))
    }

    pub(super) fn give_back(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.level = (state.level + Self::SECOND).min(self.full());
    }

    fn full(&self) -> u128 {
        Self::SECOND * u128::from(self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_so_many_at_once_and_so_many_a_second_after() {
        let bucket = Bucket::new(3);
        let start = Instant::now();
        let taken = |at| (0..100).filter(|_| bucket.take(at).is_ok()).count();
        assert_eq!(taken(start), 3);
        assert_eq!(taken(start + Duration::from_millis(300)), 0);
        assert_eq!(taken(start + Duration::from_millis(700)), 2);
        assert_eq!(
            taken(start + Duration::from_mins(1)),
            3,
            "no more than fit in"
        );
    }

    #[test]
    fn it_says_when_there_is_one_again() {
        let bucket = Bucket::new(4);
        let start = Instant::now();
        while bucket.take(start).is_ok() {}
        let wait = bucket.take(start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(250));
        assert!(bucket.take(start + wait).is_ok());
    }

    #[test]
    fn what_is_given_back_can_be_taken_and_never_overflows() {
        let bucket = Bucket::new(1);
        let start = Instant::now();
        assert!(bucket.take(start).is_ok());
        bucket.give_back();
        bucket.give_back();
        assert!(bucket.take(start).is_ok());
        assert!(bucket.take(start).is_err());
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let bucket = Bucket::new(1);
        let start = Instant::now() + Duration::from_secs(5);
        assert!(bucket.take(start).is_ok());
        assert!(bucket.take(start - Duration::from_secs(3)).is_err());
    }
}
