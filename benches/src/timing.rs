//! Times of single operations. Criterion gives means of many, and a mean hides the slow ones.

use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The spread of the times that single operations took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many operations were timed.
    pub samples: usize,
    /// Half of them took no longer, in nanoseconds.
    pub p50_ns: u64,
    /// 99 of 100 took no longer, in nanoseconds.
    pub p99_ns: u64,
    /// The slowest, in nanoseconds.
    pub max_ns: u64,
}

impl Percentiles {
    /// Those of the given times, by nearest rank; all zero without any.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100);
            times
                .get(rank.saturating_sub(1))
                .copied()
                .map_or(0, nanoseconds)
        };
        Self {
            samples: times.len(),
            p50_ns: at(50),
            p99_ns: at(99),
            max_ns: at(100),
        }
    }
}

/// Times `count` operations one by one, after a tenth as many that don't count.
pub(crate) fn one_by_one(count: usize, mut operation: impl FnMut()) -> Percentiles {
    (0..count / 10).for_each(|_| operation());
    Percentiles::of((0..count).map(|_| time(&mut operation)).collect())
}

/// What the caller does before each operation. It isn't timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// It waits, and so does its core.
    Rest(Duration),
    /// It computes.
    Work(Duration),
    /// Nothing.
    None,
}

impl Pause {
    fn take(self) {
        match self {
            Self::Rest(time) => thread::sleep(time),
            Self::Work(time) => {
                let began = Instant::now();
                while began.elapsed() < time {
                    std::hint::spin_loop();
                }
            }
            Self::None => {}
        }
    }
}

/// Times two operations in turns, a block of each, so that whatever else the machine does hits both.
///
/// The first tenth of each block doesn't count: it pays for what the other block left in the caches.
pub(crate) fn in_turns(
    count: usize,
    pause: Pause,
    mut first: impl FnMut(),
    mut second: impl FnMut(),
) -> (Percentiles, Percentiles) {
    const BLOCK: usize = 100;
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    let block = |operation: &mut dyn FnMut(), times: &mut Vec<Duration>| {
        let mut after_a_pause = || {
            pause.take();
            time(operation)
        };
        (0..BLOCK / 10).for_each(|_| {
            after_a_pause();
        });
        times.extend((0..BLOCK).map(|_| after_a_pause()));
    };
    for _ in 0..count.div_ceil(BLOCK) {
        block(&mut first, &mut of_first);
        block(&mut second, &mut of_second);
    }
    (Percentiles::of(of_first), Percentiles::of(of_second))
}

fn time(operation: &mut (impl FnMut() + ?Sized)) -> Duration {
    let began = Instant::now();
    operation();
    began.elapsed()
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentiles(nanoseconds: impl Iterator<Item = u64>) -> Percentiles {
        Percentiles::of(nanoseconds.map(Duration::from_nanos).collect())
    }

    #[test]
    fn percentiles_are_times_that_were_measured_in_whatever_order() {
        let found = percentiles((1..=1_000).rev());
        assert_eq!((found.samples, found.p50_ns), (1_000, 500));
        assert_eq!((found.p99_ns, found.max_ns), (990, 1_000));
    }

    #[test]
    fn one_slow_operation_of_a_hundred_is_the_slowest_and_not_the_99th_percentile() {
        let found = percentiles((0..99).map(|_| 10).chain([5_000]));
        assert_eq!((found.p50_ns, found.p99_ns, found.max_ns), (10, 10, 5_000));
        let found = percentiles((0..98).map(|_| 10).chain([4_000, 5_000]));
        assert_eq!(found.p99_ns, 4_000);
    }

    #[test]
    fn few_times_have_percentiles_and_none_has_zeros() {
        let found = percentiles([7].into_iter());
        assert_eq!((found.p50_ns, found.p99_ns, found.max_ns), (7, 7, 7));
        assert_eq!(percentiles([].into_iter()).max_ns, 0);
    }

    #[test]
    fn only_what_comes_after_the_warm_up_counts() {
        let mut calls = 0;
        let found = one_by_one(50, || calls += 1);
        assert_eq!((calls, found.samples), (55, 50));
    }

    #[test]
    fn turns_take_blocks_of_both() {
        let (mut first, mut second) = (0, 0);
        let (of_first, of_second) = in_turns(150, Pause::None, || first += 1, || second += 1);
        assert_eq!((of_first.samples, of_second.samples), (200, 200));
        assert_eq!((first, second), (220, 220));
    }

    #[test]
    fn a_pause_is_no_part_of_the_time() {
        let time = Duration::from_millis(2);
        for pause in [Pause::Rest(time), Pause::Work(time)] {
            let began = Instant::now();
            let (of_first, of_second) = in_turns(1, pause, || (), || ());
            assert!(began.elapsed() >= time * 220, "there were pauses");
            for times in [of_first, of_second] {
                assert!(times.p50_ns < nanoseconds(time) / 2, "{times:?}");
            }
        }
    }
}
