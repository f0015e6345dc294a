use std::env::consts::{ARCH, OS};
use std::num::NonZero;
use std::thread;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::units::number;
use crate::budget::{Operation, Spent};
use crate::results::{Measured, Results};
use crate::{Goal, Rate};

/// `bench.json`.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    machine: Machine,
    subjects: Vec<Subject<'a>>,
    budget: Vec<Budget<'a>>,
    goals: Vec<Reached<'a>>,
    rates: Vec<Speed<'a>>,
    benchmarks: Vec<Benchmark<'a>>,
}

#[derive(Serialize)]
struct Machine {
    cores: usize,
    system: &'static str,
    architecture: &'static str,
}

#[derive(Serialize)]
struct Subject<'a> {
    name: &'a str,
    conditions: &'a str,
    measured_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Budget<'a> {
    operation: &'static str,
    target_ns: u64,
    measured: Option<Use<'a>>,
}

#[derive(Serialize)]
struct Use<'a> {
    adapter: &'a str,
    #[serde(flatten)]
    spent: &'a Spent,
    used: f64,
}

#[derive(Serialize)]
struct Reached<'a> {
    adapter: &'a str,
    #[serde(flatten)]
    goal: &'a Goal,
    ratio: f64,
    met: bool,
}

#[derive(Serialize)]
struct Speed<'a> {
    subject: &'a str,
    #[serde(flatten)]
    rate: &'a Rate,
    met: Option<bool>,
}

#[derive(Serialize)]
struct Benchmark<'a> {
    subject: &'a str,
    #[serde(flatten)]
    measured: &'a Measured,
    ratio: Option<f64>,
}

impl<'a> Document<'a> {
    pub(super) fn of(subjects: &'a [Results]) -> Self {
        Self {
            machine: Machine {
                cores: thread::available_parallelism().map_or(1, NonZero::get),
                system: OS,
                architecture: ARCH,
            },
            subjects: subjects.iter().map(Subject::of).collect(),
            budget: Operation::ALL
                .into_iter()
                .flat_map(|operation| Budget::of(operation, subjects))
                .collect(),
            goals: subjects.iter().flat_map(Reached::of).collect(),
            rates: subjects.iter().flat_map(Speed::of).collect(),
            benchmarks: subjects.iter().flat_map(Benchmark::of).collect(),
        }
    }
}

impl<'a> Subject<'a> {
    fn of(results: &'a Results) -> Self {
        Self {
            name: &results.subject,
            conditions: &results.conditions,
            measured_at: results.measured_at,
        }
    }
}

impl<'a> Budget<'a> {
    fn of(operation: Operation, subjects: &'a [Results]) -> Vec<Self> {
        let target_ns = u64::try_from(operation.target().as_nanos()).unwrap_or(u64::MAX);
        let entry = |measured| Self {
            operation: operation.as_str(),
            target_ns,
            measured,
        };
        let mut entries = Vec::new();
        for subject in subjects {
            for spent in subject.budget.iter().filter(|s| s.operation == operation) {
                entries.push(entry(Some(Use {
                    adapter: &subject.subject,
                    spent,
                    used: number(spent.times.p99_ns) / number(target_ns),
                })));
            }
        }
        if entries.is_empty() {
            entries.push(entry(None));
        }
        entries
    }
}

impl<'a> Reached<'a> {
    fn of(results: &'a Results) -> impl Iterator<Item = Self> {
        results.goals.iter().map(|goal| Self {
            adapter: &results.subject,
            goal,
            ratio: goal.ratio(),
            met: goal.is_met(),
        })
    }
}

impl<'a> Speed<'a> {
    fn of(results: &'a Results) -> impl Iterator<Item = Self> {
        results.rates.iter().map(|rate| Self {
            subject: &results.subject,
            rate,
            met: rate.is_met(),
        })
    }
}

impl<'a> Benchmark<'a> {
    fn of(results: &'a Results) -> impl Iterator<Item = Self> {
        results.rows.iter().map(|measured| Self {
            subject: &results.subject,
            measured,
            ratio: results.ratio(measured),
        })
    }
}
