use core::time::Duration;

/// How long a job that failed waits before it is begun again: twice as long each time, up to a cap, with jitter.
///
/// A pure function: the random bits are an argument. The wait before the attempt after the n-th lies between half of
/// [`Backoff::ceiling`] and all of it, so that jobs that failed together don't come back together.
///
/// ```
/// use std::time::Duration;
/// use tenantry::jobs::Backoff;
///
/// let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(60));
/// assert_eq!(backoff.ceiling(1), Duration::from_secs(2));
/// assert_eq!(backoff.ceiling(3), Duration::from_secs(8));
/// assert_eq!(backoff.ceiling(1_000), Duration::from_secs(60));
/// assert_eq!(backoff.wait(3, 0), Duration::from_secs(4));
/// assert!(backoff.wait(3, u64::MAX) <= Duration::from_secs(8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
}

impl Backoff {
    /// The longest wait that there is: 30 days.
    pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Waits up to `first` after the first attempt, and never longer than `cap`, nor [`Backoff::LONGEST`].
    pub fn new(first: Duration, cap: Duration) -> Self {
        let cap = cap.min(Self::LONGEST);
        Self {
            first: first.min(cap),
            cap,
        }
    }

    /// The longest wait after the n-th attempt, from 1. It never falls as n grows.
    pub fn ceiling(&self, attempt: u16) -> Duration {
        let doublings = u32::from(attempt.saturating_sub(1));
        2_u32
            .checked_pow(doublings)
            .and_then(|factor| self.first.checked_mul(factor))
            .map_or_else(|| self.ceiling_of_many(), |wait| wait.min(self.cap))
    }

    /// The wait after the n-th attempt, from 1, as `random` bits have it.
    pub fn wait(&self, attempt: u16, random: u64) -> Duration {
        let ceiling = nanoseconds(self.ceiling(attempt));
        let half = ceiling / 2;
        let spread = u128::from(ceiling - half) * u128::from(random) / (1_u128 << 64);
        // The spread is below what it was made of, which is a u64.
        let spread = u64::try_from(spread).unwrap_or(0);
        Duration::from_nanos(half + spread)
    }

    /// After so many doublings that they overflow, every first wait but none has reached the cap.
    fn ceiling_of_many(&self) -> Duration {
        if self.first.is_zero() {
            Duration::ZERO
        } else {
            self.cap
        }
    }
}

impl Default for Backoff {
    /// 10 seconds at first, an hour at most.
    fn default() -> Self {
        Self::new(Duration::from_secs(10), Duration::from_secs(3_600))
    }
}

/// [`Backoff::LONGEST`] in nanoseconds is a small part of a u64.
fn nanoseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn durations() -> impl Strategy<Value = Duration> {
        prop_oneof![
            any::<Duration>(),
            (0_u64..100_000).prop_map(Duration::from_millis),
            Just(Duration::ZERO),
            Just(Duration::MAX),
        ]
    }

    proptest! {
        #[test]
        fn a_wait_lies_between_half_of_the_ceiling_and_all_of_it(
            first in durations(), cap in durations(), attempt: u16, random: u64,
        ) {
            let backoff = Backoff::new(first, cap);
            let (wait, ceiling) = (backoff.wait(attempt, random), backoff.ceiling(attempt));
            prop_assert!(wait <= ceiling);
            prop_assert!(wait >= ceiling / 2);
            prop_assert!(ceiling <= cap && ceiling <= Backoff::LONGEST);
        }

        #[test]
        fn the_ceiling_never_falls_and_reaches_the_cap(
            first in durations(), cap in durations(), attempt in 0_u16..u16::MAX,
        ) {
            let backoff = Backoff::new(first, cap);
            prop_assert!(backoff.ceiling(attempt) <= backoff.ceiling(attempt + 1));
            if !first.is_zero() {
                prop_assert_eq!(backoff.ceiling(u16::MAX), cap.min(Backoff::LONGEST));
            }
        }

        #[test]
        fn below_the_cap_each_ceiling_is_twice_the_one_before(
            first in 1_u64..1_000, attempt in 1_u16..20,
        ) {
            let backoff = Backoff::new(Duration::from_millis(first), Backoff::LONGEST);
            prop_assert_eq!(backoff.ceiling(attempt) * 2, backoff.ceiling(attempt + 1));
        }

        #[test]
        fn more_random_bits_never_mean_a_shorter_wait(attempt: u16, less: u64, more: u64) {
            let backoff = Backoff::default();
            let (less, more) = (less.min(more), less.max(more));
            prop_assert!(backoff.wait(attempt, less) <= backoff.wait(attempt, more));
        }
    }

    #[test]
    fn jitter_spreads_waits_over_the_whole_upper_half() {
        let backoff = Backoff::new(Duration::from_secs(8), Duration::from_secs(8));
        assert_eq!(backoff.wait(1, 0), Duration::from_secs(4));
        assert_eq!(backoff.wait(1, u64::MAX / 2 + 1), Duration::from_secs(6));
        assert!(backoff.wait(1, u64::MAX) > Duration::from_millis(7_999));
    }
}
