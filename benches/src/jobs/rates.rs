use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tenantry::BoxError;
use tenantry::ports::JobQueue;

use super::{JobSubject, complete, drain, kinds, new_job, put_in, reserve};
use crate::scopes::grouped;
use crate::{Effort, Fleet};

/// How often each of them is measured.
const ROUNDS: usize = 4;
/// How many jobs there are for each of the many tenants.
const JOBS_EACH: usize = 3;

/// How many jobs a second went through a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// What was done, by how many.
    pub operation: String,
    /// What it is compared with.
    pub floor: Option<String>,
    /// The median of the rounds.
    pub per_second: f64,
    /// The slowest round.
    pub slowest: f64,
    /// The fastest round.
    pub fastest: f64,
    /// The ratio to the floor, by the median of the rounds' own.
    pub ratio: Option<f64>,
    /// What the ratio has to be at least, if there is such a goal.
    pub at_least: Option<f64>,
}

impl Rate {
    fn of(
        operation: String,
        rounds: &[f64],
        floor: Option<(&str, &[f64])>,
        at_least: Option<f64>,
    ) -> Self {
        let ratios = floor.map(|(_, floor)| {
            let ratios: Vec<_> = rounds
                .iter()
                .zip(floor)
                .map(|(rate, floor)| rate / floor)
                .collect();
            median(&ratios)
        });
        Self {
            operation,
            floor: floor.map(|(name, _)| name.to_owned()),
            per_second: median(rounds),
            slowest: rounds.iter().copied().fold(f64::INFINITY, f64::min),
            fastest: rounds.iter().copied().fold(0.0, f64::max),
            ratio: ratios,
            at_least,
        }
    }

    /// Whether the goal is met, if there is one.
    pub fn is_met(&self) -> Option<bool> {
        let (ratio, at_least) = (self.ratio?, self.at_least?);
        Some(ratio >= at_least)
    }
}

/// Times jobs that are reserved and completed, by one worker and by four, while the waiting ones are spread among one
/// tenant, few and many.
///
/// Each is measured in rounds, in which the others come in turns, so that whatever else the machine does hits all. As
/// many jobs are put in each time, and all are done before the next. That isn't timed.
///
/// # Errors
/// If the subject fails.
pub fn job_rates<S: JobSubject>(
    subject: &S,
    fleet: &Fleet,
    effort: &Effort,
) -> Result<Vec<Rate>, BoxError> {
    let mut ways = Vec::new();
    for workers in [1, 4] {
        for tenants in [1, effort.few, effort.many] {
            ways.push(Way {
                workers,
                tenants: tenants.min(fleet.size()),
                rounds: Vec::new(),
            });
        }
    }
    let queues: Result<Vec<_>, _> = (0..4).map(|_| subject.queue()).collect();
    let queues = queues?;
    drain(&*queues[0])?;
    let jobs = JOBS_EACH * effort.many;
    // What runs first finds the machine as its predecessor left it: so it isn't always the same one.
    for round in 0..ROUNDS {
        for turn in 0..ways.len() {
            let at = if round % 2 == 0 {
                turn
            } else {
                ways.len() - 1 - turn
            };
            let took = ways[at].once(&queues, fleet, jobs)?;
            ways[at].rounds.push(per_second(jobs, took));
        }
    }
    Ok(ways
        .iter()
        .map(|way| {
            let one = ways.iter().find(|one| one.workers == way.workers);
            let floor = one.filter(|one| one.tenants != way.tenants);
            let goal = subject.rate_goal().filter(|_| way.tenants == effort.many);
            let name = floor.map(Way::name);
            Rate::of(
                way.name(),
                &way.rounds,
                name.as_deref().zip(floor.map(|one| one.rounds.as_slice())),
                goal.filter(|_| floor.is_some()),
            )
        })
        .collect())
}

struct Way {
    workers: usize,
    tenants: usize,
    rounds: Vec<f64>,
}

impl Way {
    fn name(&self) -> String {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        format!(
            "reserve and complete: {} tenant{}, {} worker{}",
            grouped(self.tenants),
            plural(self.tenants),
            self.workers,
            plural(self.workers)
        )
    }

    fn once(
        &self,
        queues: &[Arc<dyn JobQueue>],
        fleet: &Fleet,
        jobs: usize,
    ) -> Result<Duration, BoxError> {
        for number in 0..jobs {
            let context = fleet.nth(number % self.tenants);
            put_in(&*queues[0], &new_job(context)?)?;
        }
        let start = Barrier::new(self.workers + 1);
        let (took, done) = thread::scope(|scope| {
            let workers: Vec<_> = queues[..self.workers]
                .iter()
                .map(|queue| {
                    scope.spawn(|| {
                        start.wait();
                        work(&**queue)
                    })
                })
                .collect();
            start.wait();
            let began = Instant::now();
            let mut done = 0;
            for worker in workers {
                done += worker
                    .join()
                    .unwrap_or_else(|_| Err("a worker panicked".into()))?;
            }
            Ok::<_, BoxError>((began.elapsed(), done))
        })?;
        if done != jobs {
            return Err(format!("{done} jobs of {jobs} were done").into());
        }
        Ok(took)
    }
}

fn work(queue: &dyn JobQueue) -> Result<usize, BoxError> {
    let kinds = kinds()?;
    let mut done = 0;
    while let Some(job) = reserve(queue, &kinds)? {
        complete(queue, &job)?;
        done += 1;
    }
    Ok(done)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody has 52 bits of jobs done in a benchmark"
)]
fn per_second(jobs: usize, took: Duration) -> f64 {
    jobs as f64 / took.as_secs_f64()
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_median_of_its_rounds_and_its_ratio_that_of_theirs() {
        let floor = [100.0, 200.0, 400.0, 100.0];
        let rate = Rate::of(
            "many".into(),
            &[90.0, 160.0, 400.0, 70.0],
            Some(("one", &floor)),
            Some(0.8),
        );
        assert_eq!(
            (rate.per_second, rate.slowest, rate.fastest),
            (125.0, 70.0, 400.0)
        );
        assert!((rate.ratio.unwrap() - 0.85).abs() < 1e-9, "{rate:?}");
        assert_eq!(rate.is_met(), Some(true));
    }

    #[test]
    fn a_rate_below_its_goal_is_not_met_and_one_without_a_goal_is_neither() {
        let floor = [100.0];
        let below = Rate::of("many".into(), &[79.0], Some(("one", &floor)), Some(0.8));
        assert_eq!(below.is_met(), Some(false));
        let alone = Rate::of("one".into(), &[79.0], None, None);
        assert_eq!((alone.ratio, alone.is_met()), (None, None));
    }
}
