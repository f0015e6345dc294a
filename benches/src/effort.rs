use std::env;
use std::time::Duration;

use criterion::Criterion;

/// How much is measured, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// The smaller number of tenants that one is picked from at random.
    pub few: usize,
    /// The larger one.
    pub many: usize,
    /// How many operations are timed one by one for a percentile.
    pub latencies: usize,
    /// How long each benchmark runs before it counts.
    pub warm_up: Duration,
    /// How long each benchmark is measured, about.
    pub measurement: Duration,
    /// How many samples criterion takes of each benchmark: at least 10.
    pub samples: usize,
    /// How often criterion draws from them anew for its estimates. It does so on one thread.
    pub resamples: usize,
}

impl Effort {
    /// What the report is made of: 100 and 1,000 tenants, 5,000 timed operations, two seconds for a benchmark.
    pub fn full() -> Self {
        Self {
            few: 100,
            many: 1_000,
            latencies: 5_000,
            warm_up: Duration::from_millis(300),
            measurement: Duration::from_secs(2),
            samples: 50,
            resamples: 10_000,
        }
    }

    /// Enough to see that everything works, and of no use as a measurement.
    pub fn trial() -> Self {
        Self {
            few: 2,
            many: 4,
            latencies: 200,
            warm_up: Duration::from_millis(5),
            measurement: Duration::from_millis(20),
            samples: 10,
            resamples: 1_001,
        }
    }

    /// What criterion is about to do, by the arguments of the process: a full measurement under `cargo bench`, a trial
    /// under `cargo test` or with `--test`.
    pub(crate) fn asked_for() -> Asked {
        let given = |name: &str| env::args().any(|argument| argument == name);
        if given("--list") {
            Asked::List
        } else if given("--bench") && !given("--test") {
            Asked::Measurement
        } else {
            Asked::Trial
        }
    }

    pub(crate) fn criterion(&self) -> Criterion {
        Criterion::default()
            .warm_up_time(self.warm_up)
            .measurement_time(self.measurement)
            .sample_size(self.samples)
            .nresamples(self.resamples)
            .without_plots()
    }
}

/// What the arguments of the process ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Measurement,
    Trial,
    List,
}
