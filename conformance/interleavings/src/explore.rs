use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, Runner};

/// So many orders of one scenario, and what goes wrong on purpose meanwhile.
///
/// ```
/// use std::sync::Arc;
/// use tenantry_interleavings::{Exploration, Mutex, shuttle};
///
/// let add_unseen = || {
///     let sum = Arc::new(Mutex::new(0));
///     let other = { let sum = sum.clone(); shuttle::thread::spawn(move || *sum.lock() += 1) };
///     let seen = *sum.lock();
///     *sum.lock() = seen + 1;
///     other.join().unwrap();
///     assert_eq!(*sum.lock(), 2);
/// };
/// assert!(Exploration::of(1_000).finds(add_unseen).is_some());
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "it explores nothing until `holds` or `finds` is called"]
pub struct Exploration {
    orders: usize,
    faults: Faults,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    timeouts: bool,
    lost_wakeups: bool,
}

/// So many changes from one thread to another, at most, make up what is found first.
const DEPTH: usize = 3;
const SEED: u64 = 20_261_125;

thread_local! {
    // Shuttle runs all threads of a scenario on one of the system's.
    static FAULTS: Cell<Faults> = const { Cell::new(Faults { timeouts: false, lost_wakeups: false }) };
}

impl Exploration {
    /// So many orders at random, and as many again by probabilistic concurrency testing.
    ///
    /// `TENANTRY_INTERLEAVINGS` multiplies their number, and then draws them from another seed, for a long run.
    pub fn of(orders: usize) -> Self {
        Self {
            orders,
            faults: Faults::default(),
        }
    }

    /// Lets every wait that may time out do so at times, at any moment.
    pub fn with_timeouts(mut self) -> Self {
        self.faults.timeouts = true;
        self
    }

    /// Loses some of the wake-ups: what a scenario is worth shows in that it fails then.
    pub fn losing_wakeups(mut self) -> Self {
        self.faults.lost_wakeups = true;
        self
    }

    /// Runs the scenario in all orders.
    ///
    /// # Panics
    /// In the first order in which the scenario panics, or in which nobody can go on.
    pub fn holds(self, scenario: impl Fn() + Clone + Send + Sync + 'static) {
        let long = std::env::var("TENANTRY_INTERLEAVINGS").ok();
        let factor = long.and_then(|text| text.parse().ok()).unwrap_or(1);
        let seed = SEED + u64::try_from(factor).unwrap_or(u64::MAX / 2) - 1;
        let orders = self.orders * factor;
        FAULTS.set(self.faults);
        run(
            RandomScheduler::new_from_seed(seed, orders),
            scenario.clone(),
        );
        run(PctScheduler::new_from_seed(seed, DEPTH, orders), scenario);
    }

    /// Looks for an order in which the scenario fails, and says how it did.
    pub fn finds(self, scenario: impl Fn() + Clone + Send + Sync + 'static) -> Option<String> {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.holds(scenario)));
        outcome.err().map(|panic| text_of(&*panic))
    }
}

fn run(scheduler: impl Scheduler + 'static, scenario: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::Print;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(scenario);
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

/// Whether a wait that may time out does so now.
pub(super) fn times_out() -> bool {
    FAULTS.get().timeouts && thread_rng().gen_bool(0.3)
}

/// Whether a wake-up is lost now.
pub(super) fn is_lost() -> bool {
    FAULTS.get().lost_wakeups && thread_rng().gen_bool(0.3)
}
