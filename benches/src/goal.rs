use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::timing::{Pause, in_turns};
use crate::{Effort, Percentiles};

/// How long a caller does something else between two operations.
const PAUSE: Duration = Duration::from_millis(1);

/// What an operation is held to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// What is held to it.
    pub operation: String,
    /// How soon one operation follows another, of both.
    pub pace: String,
    /// What it is compared with.
    pub floor: String,
    /// How long the operation took.
    pub times: Percentiles,
    /// How long the floor took, in turns with it.
    pub floor_times: Percentiles,
    /// How many times the floor it may cost.
    pub limit: f64,
}

impl Goal {
    /// Times an operation and its floor in turns: with a pause before each, in which the adapter can do what it does in
    /// the background, and back to back, where it can't. A machine that rests takes longer to answer, the floor too, which
    /// hides some of what the operation costs; one that does other work meanwhile hides nothing.
    pub(crate) fn at_each_pace(
        [operation, floor]: [&str; 2],
        limit: f64,
        effort: &Effort,
        mut perform: impl FnMut(),
        mut perform_floor: impl FnMut(),
    ) -> Vec<Self> {
        let fewer = effort.latencies.div_ceil(2);
        let paces = [
            ("each after 1 ms of rest", Pause::Rest(PAUSE), fewer),
            ("each after 1 ms of other work", Pause::Work(PAUSE), fewer),
            ("back to back", Pause::None, effort.latencies),
        ];
        let timed = paces.map(|(pace, pause, count)| {
            let (floor_times, times) = in_turns(count, pause, &mut perform_floor, &mut perform);
            Self {
                operation: operation.to_owned(),
                pace: pace.to_owned(),
                floor: floor.to_owned(),
                times,
                floor_times,
                limit,
            }
        });
        timed.into()
    }

    /// How many times the floor it cost, by the medians.
    pub fn ratio(&self) -> f64 {
        ratio(self.times.p50_ns, self.floor_times.p50_ns)
    }

    /// Whether that is within the limit. What took no time to measure doesn't count as met.
    pub fn is_met(&self) -> bool {
        self.ratio() <= self.limit
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "52 bits of nanoseconds are 52 days"
)]
fn ratio(time: u64, floor: u64) -> f64 {
    time as f64 / floor as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(time: u64, floor: u64) -> Goal {
        let times = |p50_ns| Percentiles {
            samples: 1,
            p50_ns,
            p99_ns: p50_ns,
            max_ns: p50_ns,
        };
        Goal {
            operation: "scope".into(),
            pace: "back to back".into(),
            floor: "pinned".into(),
            times: times(time),
            floor_times: times(floor),
            limit: 1.5,
        }
    }

    #[test]
    fn a_goal_is_met_up_to_its_limit_and_never_without_a_measurement() {
        assert!(goal(150, 100).is_met());
        assert!(!goal(151, 100).is_met());
        assert!(!goal(0, 0).is_met());
        assert!(!goal(1, 0).is_met());
    }
}
