use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use serde::{Deserialize, Serialize};
use tenantry::ports::{ScopeMode, TenantRepository};
use tenantry::{Actor, BoxError, Slug, TenantContext};

use crate::error::chain;
use crate::scopes::{enter, floor_of, grouped, mode_name, perform};
use crate::timing::{Pause, in_turns, one_by_one};
use crate::{Effort, Fleet, Percentiles, Subject, Work};

/// What an application may spend on keeping its tenants apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// From what a request says to an active tenant.
    Resolution,
    /// Entering a scope and leaving it.
    SchemaSwitch,
    /// From a job's envelope to a handler inside its tenant.
    JobOverhead,
    /// From a key to the tenant's own key.
    CacheKey,
    /// Resolve, enter, leave: a request without its query.
    WholeRequest,
}

impl Operation {
    /// All of the budget, in the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Resolution,
        Self::SchemaSwitch,
        Self::JobOverhead,
        Self::CacheKey,
        Self::WholeRequest,
    ];

    /// How long it may take.
    pub fn target(self) -> Duration {
        match self {
            Self::Resolution | Self::SchemaSwitch => Duration::from_millis(5),
            Self::JobOverhead | Self::WholeRequest => Duration::from_millis(10),
            Self::CacheKey => Duration::from_millis(1),
        }
    }

    /// Whether these benchmarks can measure it yet.
    pub fn is_covered(self) -> bool {
        match self {
            Self::Resolution | Self::SchemaSwitch | Self::CacheKey | Self::WholeRequest => true,
            Self::JobOverhead => false,
        }
    }

    /// Its name in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolution => "tenant resolution",
            Self::SchemaSwitch => "schema switch",
            Self::JobOverhead => "job overhead",
            Self::CacheKey => "cache key transform",
            Self::WholeRequest => "whole request",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A row of the budget, as it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// On what.
    pub operation: Operation,
    /// How it was done.
    pub how: String,
    /// How long it took, one by one.
    #[serde(flatten)]
    pub times: Percentiles,
}

/// How long a caller does something else between two scopes.
const PAUSE: Duration = Duration::from_millis(1);

/// What the warm session scope is held to.
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

/// Times what a request pays, one operation at a time, in a random tenant of many: the dearest way to be asked.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn budget<S: Subject>(subject: &S, fleet: &Fleet, effort: &Effort) -> Vec<Spent> {
    let repository = subject.repository();
    let any = || fleet.random(effort.many);
    let among = format!("one of {}", grouped(fleet.size().min(effort.many)));
    let spent = |operation, how: String, work: &mut dyn FnMut()| Spent {
        operation,
        how: format!("{how}, {among}"),
        times: one_by_one(effort.latencies, work),
    };
    let mut rows = vec![spent(
        Operation::Resolution,
        "by slug, asking the store".to_owned(),
        &mut || drop(resolve_or_panic(&repository, any().slug().as_str())),
    )];
    for mode in subject.modes() {
        rows.push(spent(
            Operation::SchemaSwitch,
            mode_name(*mode).to_owned(),
            &mut || enter(subject, any(), *mode, Work::Nothing),
        ));
    }
    for mode in subject.modes() {
        rows.push(spent(
            Operation::WholeRequest,
            mode_name(*mode).to_owned(),
            &mut || {
                let context = resolve_or_panic(&repository, any().slug().as_str());
                enter(subject, &context, *mode, Work::Nothing);
            },
        ));
    }
    rows
}

/// Times a warm session scope with one point read and the same read on the floor, in turns, if the subject has a goal
/// for it: with a pause before each, in which the pool can do what it does in the background, and back to back, where it
/// can't. A machine that rests takes longer to answer, the floor too, which hides some of what the scope costs; one
/// that does other work meanwhile hides nothing.
///
/// # Errors
/// If the floor's connection can't be made.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn goals<S: Subject>(
    subject: &S,
    fleet: &Fleet,
    effort: &Effort,
) -> Result<Vec<Goal>, BoxError> {
    let Some(limit) = subject.goal() else {
        return Ok(Vec::new());
    };
    let (mode, work) = (ScopeMode::Session, Work::PointRead);
    let mut floor = subject.floor(fleet.warm())?;
    let mut goal = |pace: &str, pause, count| {
        let (floor_times, times) = in_turns(
            count,
            pause,
            || perform(&mut *floor, false, work),
            || enter(subject, fleet.warm(), mode, work),
        );
        Goal {
            operation: format!("{}, warm tenant: {}", mode_name(mode), work.as_str()),
            pace: pace.to_owned(),
            floor: floor_of(mode, work),
            times,
            floor_times,
            limit,
        }
    };
    let fewer = effort.latencies.div_ceil(2);
    Ok(vec![
        goal("each after 1 ms of rest", Pause::Rest(PAUSE), fewer),
        goal("each after 1 ms of other work", Pause::Work(PAUSE), fewer),
        goal("back to back", Pause::None, effort.latencies),
    ])
}

fn resolve_or_panic(repository: &Arc<dyn TenantRepository>, text: &str) -> TenantContext {
    match resolve(repository, text) {
        Ok(context) => context,
        Err(error) => panic!("\"tenant resolution\" failed: {}", chain(&*error)),
    }
}

fn resolve(repository: &Arc<dyn TenantRepository>, text: &str) -> Result<TenantContext, BoxError> {
    let slug = Slug::new(text)?;
    let tenant = block_on(repository.find_by_slug(&slug))?;
    Ok(TenantContext::of(&tenant, Actor::system())?)
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
