use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use criterion::Criterion;
use tenantry::BoxError;

use crate::core_types::core_budget;
use crate::effort::Asked;
use crate::results::{Results, Row, measured};
use crate::{
    BenchError, CacheSubject, Effort, Fleet, JobSubject, Subject, budget, cache_goals, caches,
    core_types, goals, job_overhead, job_rates, jobs, provisioning, scopes,
};

/// Some file systems keep times to the second only.
const COARSEST_FILE_TIME: Duration = Duration::from_secs(1);

/// Measures all that a report tells of a subject, and keeps it in `folder`: the `main` of a benchmark.
///
/// It listens to criterion's arguments. A trial (`cargo test --benches`) goes everywhere once and keeps nothing.
///
/// # Errors
/// If the tenants can't be made, or the results can't be written.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn run<S: Subject>(subject: &S, folder: &Path) -> Result<(), BenchError> {
    Run::by_arguments(folder).subject(subject)
}

/// The same for the core, which needs no adapter.
///
/// # Errors
/// If the results can't be written.
pub fn run_core(folder: &Path) -> Result<(), BenchError> {
    Run::by_arguments(folder).core()
}

/// The same for an adapter's job queue, kept under `<name>-jobs`.
///
/// # Errors
/// If the tenants can't be made, the queue can't be used, or the results can't be written.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn run_jobs<S: JobSubject>(subject: &S, folder: &Path) -> Result<(), BenchError> {
    Run::by_arguments(folder).jobs(subject)
}

/// The same for a store of cached values, kept under `<name>-cache`.
///
/// # Errors
/// If the store can't be reached, or the results can't be written.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn run_cache<S: CacheSubject>(subject: &S, folder: &Path) -> Result<(), BenchError> {
    Run::by_arguments(folder).cache(subject)
}

/// One process's part of a measurement, for whoever wants other numbers than [`run`] has.
pub struct Run {
    criterion: Criterion,
    effort: Effort,
    asked: Asked,
    folder: PathBuf,
    began: SystemTime,
}

impl Run {
    /// A run as the arguments of the process ask for it: in full, or a trial.
    pub fn by_arguments(folder: &Path) -> Self {
        let asked = Effort::asked_for();
        let effort = match asked {
            Asked::Measurement => Effort::full(),
            Asked::Trial | Asked::List => Effort::trial(),
        };
        let run = Self::new(folder, effort, asked);
        Self {
            criterion: run.criterion.configure_from_args(),
            ..run
        }
    }

    /// A run that measures with this effort whatever the arguments are.
    pub fn with_effort(folder: &Path, effort: Effort) -> Self {
        Self::new(folder, effort, Asked::Measurement)
    }

    fn new(folder: &Path, effort: Effort, asked: Asked) -> Self {
        Self {
            criterion: effort
                .criterion()
                .output_directory(&folder.join("criterion")),
            effort,
            asked,
            folder: folder.to_owned(),
            began: SystemTime::now() - COARSEST_FILE_TIME,
        }
    }

    /// Measures a subject: its scopes, its provisioning, its budget and its goal.
    ///
    /// # Errors
    /// If the tenants can't be made, or the results can't be written.
    ///
    /// # Panics
    /// If the subject fails while it is measured.
    pub fn subject<S: Subject>(mut self, subject: &S) -> Result<(), BenchError> {
        let failed = |action| failed(S::NAME, action);
        let (criterion, effort) = (&mut self.criterion, self.effort);
        let fleet = subject
            .contexts(effort.many)
            .and_then(Fleet::of)
            .map_err(failed("making its tenants"))?;
        let (mut spent, mut reached) = (Vec::new(), Vec::new());
        if self.asked != Asked::List {
            reached = goals(subject, &fleet, &effort)
                .map_err(failed("opening the floor's connection"))?;
            spent = budget(subject, &fleet, &effort);
        }
        let mut rows = scopes(criterion, subject, &fleet, &effort)
            .map_err(failed("opening the floor's connection"))?;
        rows.extend(provisioning(criterion, subject, &effort));
        self.finish(S::NAME, &rows, |results| Results {
            conditions: subject.conditions(),
            budget: spent,
            goals: reached,
            ..results
        })
    }

    /// Measures an adapter's job queue: what its calls cost, how many jobs a second go through it, and its part of the
    /// budget.
    ///
    /// # Errors
    /// If the tenants can't be made, the queue can't be used, or the results can't be written.
    ///
    /// # Panics
    /// If the subject fails while it is measured.
    pub fn jobs<S: JobSubject>(mut self, subject: &S) -> Result<(), BenchError> {
        let failed = |action| failed(S::NAME, action);
        let (criterion, effort) = (&mut self.criterion, self.effort);
        let fleet = subject
            .contexts(effort.many)
            .and_then(Fleet::of)
            .map_err(failed("making its tenants"))?;
        let (mut spent, mut rates) = (Vec::new(), Vec::new());
        if self.asked != Asked::List {
            let overhead = job_overhead(subject, &fleet, &effort);
            spent.push(overhead.map_err(failed("handing a job to its handler"))?);
            rates = job_rates(subject, &fleet, &effort).map_err(failed("handing jobs out"))?;
        }
        let rows = jobs(criterion, subject, &fleet, &effort)
            .map_err(failed("reaching the queue and its floor"))?;
        self.finish(&format!("{}-jobs", S::NAME), &rows, |results| Results {
            conditions: subject.job_conditions(),
            budget: spent,
            rates,
            ..results
        })
    }

    /// Measures a store of cached values: what its calls cost, and its goal.
    ///
    /// # Errors
    /// If the store can't be reached, or the results can't be written.
    ///
    /// # Panics
    /// If the subject fails while it is measured.
    pub fn cache<S: CacheSubject>(mut self, subject: &S) -> Result<(), BenchError> {
        let failed = |action| failed(S::NAME, action);
        let (criterion, effort) = (&mut self.criterion, self.effort);
        let mut reached = Vec::new();
        if self.asked != Asked::List {
            reached =
                cache_goals(subject, &effort).map_err(failed("opening the floor's connection"))?;
        }
        let rows = caches(criterion, subject, &effort)
            .map_err(failed("opening the floor's connection"))?;
        self.finish(&format!("{}-cache", S::NAME), &rows, |results| Results {
            conditions: subject.conditions(),
            goals: reached,
            ..results
        })
    }

    /// Measures the core.
    ///
    /// # Errors
    /// If the results can't be written.
    pub fn core(mut self) -> Result<(), BenchError> {
        let failed = || failed("core", "making a tenant");
        let spent = match self.asked {
            Asked::List => Vec::new(),
            Asked::Measurement | Asked::Trial => core_budget(&self.effort).map_err(failed())?,
        };
        let rows = core_types(&mut self.criterion).map_err(failed())?;
        self.finish("core", &rows, |results| Results {
            budget: spent,
            ..results
        })
    }

    fn finish(
        self,
        subject: &str,
        rows: &[Row],
        complete: impl FnOnce(Results) -> Results,
    ) -> Result<(), BenchError> {
        self.criterion.final_summary();
        if self.asked != Asked::Measurement {
            return Ok(());
        }
        let results = Results {
            subject: subject.to_owned(),
            conditions: String::new(),
            measured_at: crate::fleet::now(),
            budget: Vec::new(),
            goals: Vec::new(),
            rates: Vec::new(),
            rows: measured(&self.folder.join("criterion"), rows, self.began)?,
        };
        complete(results).write(&self.folder)
    }
}

fn failed(subject: &'static str, action: &'static str) -> impl FnOnce(BoxError) -> BenchError {
    move |source| BenchError::Subject {
        subject,
        action,
        source,
    }
}
