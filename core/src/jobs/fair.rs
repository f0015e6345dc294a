//! Fair choice between tenants: start-time fair queueing, as two small functions.
//!
//! Each scope that has jobs is a lane with a [`Tag`]. The lane with the least tag is served, and its tag moves on by
//! one stride, which is shorter the greater its [`Weight`] is. A lane that had nothing to do doesn't save up turns: it
//! begins at the tag that was served last.
//!
//! So whoever's job becomes ready waits, for each other lane, for at most one job and as many more as that lane's
//! weight is greater than its own: one round. How many jobs the others have waiting makes no difference.

use serde::{Deserialize, Serialize};

/// A tenant's share of the workers, against the others': 1 to 1,000, 1 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Weight(u16);

impl Weight {
    /// The greatest weight.
    pub const MAX: u16 = 1_000;

    /// Takes a weight.
    ///
    /// # Errors
    /// [`WeightError`], outside 1 to [`Weight::MAX`].
    pub fn new(weight: u16) -> Result<Self, WeightError> {
        if weight == 0 || weight > Self::MAX {
            Err(WeightError { weight })
        } else {
            Ok(Self(weight))
        }
    }

    /// The weight as a number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1)
    }
}

impl From<Weight> for u16 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

impl TryFrom<u16> for Weight {
    type Error = WeightError;

    fn try_from(weight: u16) -> Result<Self, WeightError> {
        Self::new(weight)
    }
}

/// A weight out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("weight {weight} is out of range: use 1 to {}", Weight::MAX)]
pub struct WeightError {
    /// The refused weight.
    pub weight: u16,
}

/// Where a lane stands in the order of service.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Tag(i64);

impl Tag {
    /// How far a lane of weight 1 moves on when it is served. Divided by every weight, it leaves a whole part that is
    /// large enough for the shares to be right to a thousandth.
    pub const STRIDE: i64 = 1_000_000;

    /// Reads a stored tag.
    pub fn new(number: i64) -> Self {
        Self(number)
    }

    /// The tag as a number, for a database column.
    pub fn number(self) -> i64 {
        self.0
    }
}

/// What serving a lane makes of its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// The tag that was served: what the next service of any lane is given as `last`.
    pub start: Tag,
    /// The lane's tag from now on.
    pub next: Tag,
}

/// The lane to serve next: the one with the least tag, of equals the one with the least name.
pub fn choose<K: Ord>(lanes: impl IntoIterator<Item = (Tag, K)>) -> Option<K> {
    lanes.into_iter().min().map(|(_, lane)| lane)
}

/// Serves the lane that stands at `tag`, when `last` is the greatest tag that was served so far.
pub fn serve(tag: Tag, weight: Weight, last: Tag) -> Served {
    let start = tag.max(last);
    let stride = Tag::STRIDE / i64::from(weight.number());
    Served {
        start,
        next: Tag(start.0.saturating_add(stride)),
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    struct Lane {
        tag: Tag,
        weight: Weight,
        waiting: u32,
        served: u32,
    }

    #[derive(Default)]
    struct Lanes {
        lanes: BTreeMap<usize, Lane>,
        last: Tag,
    }

    impl Lanes {
        fn of(weights: &[u16]) -> Self {
            let lane = |weight: &u16| Lane {
                tag: Tag::default(),
                weight: Weight::new(*weight).unwrap(),
                waiting: 0,
                served: 0,
            };
            Self {
                lanes: weights.iter().map(lane).enumerate().collect(),
                last: Tag::default(),
            }
        }

        fn put(&mut self, lane: usize, jobs: u32) {
            self.lanes.get_mut(&lane).unwrap().waiting += jobs;
        }

        fn serve(&mut self) -> Option<usize> {
            let ready = self.lanes.iter().filter(|(_, lane)| lane.waiting > 0);
            let chosen = choose(ready.map(|(name, lane)| (lane.tag, *name)))?;
            let lane = self.lanes.get_mut(&chosen).unwrap();
            let served = serve(lane.tag, lane.weight, self.last);
            self.last = self.last.max(served.start);
            lane.tag = served.next;
            lane.waiting -= 1;
            lane.served += 1;
            Some(chosen)
        }
    }

    fn weights() -> impl Strategy<Value = Vec<u16>> {
        prop::collection::vec(1_u16..=20, 2..12)
    }

    proptest! {
        #[test]
        fn a_single_job_waits_one_round_at_most_however_many_the_others_have(
            weights in weights(),
            before in 0_usize..300,
            had_jobs in 0_u32..5,
        ) {
            let mut lanes = Lanes::of(&weights);
            let newcomer = weights.len() - 1;
            for lane in 0..newcomer {
                lanes.put(lane, 100_000);
            }
            lanes.put(newcomer, had_jobs);
            for _ in 0..before {
                lanes.serve();
            }
            while lanes.lanes[&newcomer].waiting > 0 {
                lanes.serve();
            }
            let served: Vec<u32> = lanes.lanes.values().map(|lane| lane.served).collect();
            lanes.put(newcomer, 1);
            while lanes.serve() != Some(newcomer) {}
            for lane in 0..newcomer {
                let meanwhile = lanes.lanes[&lane].served - served[lane];
                let round = u32::from(weights[lane]).div_ceil(u32::from(weights[newcomer])) + 1;
                prop_assert!(meanwhile <= round, "{meanwhile} jobs of lane {lane}, a round is {round}");
            }
        }

        #[test]
        fn whoever_was_never_served_is_served_before_anyone_is_served_twice(
            others in 1_usize..50,
            before in 0_usize..500,
        ) {
            let mut lanes = Lanes::of(&alloc::vec![1; others + 1]);
            for lane in 0..others {
                lanes.put(lane, 100_000);
            }
            for _ in 0..before {
                lanes.serve();
            }
            lanes.put(others, 1);
            let mut waited = 0;
            while lanes.serve() != Some(others) {
                waited += 1;
            }
            prop_assert!(waited <= others, "{waited} jobs of {others} others");
        }

        #[test]
        fn lanes_that_always_have_jobs_are_served_by_their_weights(weights in weights()) {
            let mut lanes = Lanes::of(&weights);
            let rounds = 50;
            let total: u32 = weights.iter().map(|weight| u32::from(*weight)).sum();
            for lane in 0..weights.len() {
                lanes.put(lane, 1_000_000);
            }
            for _ in 0..total * rounds {
                lanes.serve();
            }
            for (lane, weight) in weights.iter().enumerate() {
                let served = lanes.lanes[&lane].served;
                let due = u32::from(*weight) * rounds;
                prop_assert!(served.abs_diff(due) <= u32::from(*weight) + 1, "{served} of {due}");
            }
        }

        #[test]
        fn a_lane_that_was_idle_has_not_saved_up_turns(idle in 1_usize..500) {
            let mut lanes = Lanes::of(&[1, 1]);
            lanes.put(0, 100_000);
            for _ in 0..idle {
                lanes.serve();
            }
            lanes.put(1, 100);
            let served: Vec<_> = (0..20).filter_map(|_| lanes.serve()).collect();
            let newcomer = served.iter().filter(|lane| **lane == 1).count();
            prop_assert!((10..=11).contains(&newcomer), "{newcomer} of 20");
        }

        #[test]
        fn serving_moves_on_and_never_overflows(tag: i64, last: i64, weight in 1_u16..=1_000) {
            let served = serve(Tag::new(tag), Weight::new(weight).unwrap(), Tag::new(last));
            prop_assert!(served.start >= Tag::new(tag) && served.start >= Tag::new(last));
            prop_assert!(served.next > served.start || served.start.number() == i64::MAX);
        }
    }

    #[test]
    fn no_lane_is_chosen_of_none() {
        assert_eq!(choose::<u8>([]), None);
    }
}
