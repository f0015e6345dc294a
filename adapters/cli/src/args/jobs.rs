//! What can be said of jobs.

use std::path::PathBuf;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use tenantry::jobs::{JobId, JobKind, JobKindError, JobState, MaxAttempts, Priority, UniqueKey};
use tenantry::{BoxError, Excerpt};

use super::{Age, ReachArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Puts a job in, as an application does. It runs in its tenant, by whichever worker has a program or handler for it.
    Put(PutArgs),
    /// Lists jobs, in the order of their ids, a page at a time.
    List(ListArgs),
    /// Lists the dead letters, with the reason of each.
    Dead(PageArgs),
    /// Shows one job, whatever its state.
    Show {
        /// The job's id.
        id: JobId,
        /// Show what it was given and what it gave, too, which may hold secrets.
        #[arg(long)]
        payload: bool,
    },
    /// Makes jobs due now that wait for their next attempt. Their attempts stay counted.
    Retry(ChoiceArgs),
    /// Lets dead letters run again, with all their attempts.
    PutBack(ChoiceArgs),
    /// Takes waiting jobs and dead letters back: they never run.
    Cancel(ChoiceArgs),
    /// Counts the jobs of each state.
    Stats(ReachArgs),
    /// Forgets jobs that were done or cancelled long enough ago, with what they gave.
    Prune(PruneArgs),
    /// Does jobs until it is told to stop, each by a program.
    #[command(after_help = WORK_HELP)]
    Work(WorkArgs),
}

const WORK_HELP: &str = "\
A program is started for each job of its kind, without a shell, in the folder that the worker runs in. It finds what the \
job was given on standard input, and these variables:
  TENANTRY_JOB_ID, TENANTRY_JOB_KIND, TENANTRY_JOB_ATTEMPT, TENANTRY_JOB_MAX_ATTEMPTS, TENANTRY_JOB_ACTOR
  TENANTRY_JOB_SCOPE: \"tenant\", and TENANTRY_TENANT_ID, TENANTRY_TENANT_SLUG and TENANTRY_TENANT_SCHEMA; or \"shared\"
  TRACEPARENT and TRACESTATE, if the job is part of a trace
Of the worker's own environment it finds PATH, HOME, the language and the like, and what --pass-env names: no database's URL and \
no password.

It ends with
  0             the job is done; what it wrote to standard output is kept with it
  75            it failed for now: the job is tried again after a while, as often as it may be
  a signal      the same
  anything else the job becomes a dead letter at once
The end of what it wrote to standard error is kept as the error. When another worker has the job, its program is killed, \
with all that it has started.

The first SIGINT, SIGTERM or SIGHUP takes no more jobs and waits for the programs that run; the second kills those and \
gives their jobs back, which isn't counted as an attempt.";

#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Only jobs of this kind; may be given several times. Looks through all others on the way.
    #[arg(long)]
    pub(crate) kind: Vec<JobKind>,
    /// Begin after this job: the last one of the page before.
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<JobId>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) page: PageArgs,
    /// Only jobs in this state; may be given several times.
    #[arg(long, value_enum)]
    pub(crate) state: Vec<StateArg>,
}

/// Some jobs by their ids, or all of one scope.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true)))]
pub(crate) struct ChoiceArgs {
    /// The jobs' ids.
    #[arg(group = "which")]
    pub(crate) ids: Vec<JobId>,
    /// All jobs of --tenant, or of --shared, that it can be done to.
    #[arg(long, group = "which")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// With --all: only jobs of this kind; may be given several times.
    #[arg(long, requires = "all")]
    pub(crate) kind: Vec<JobKind>,
}

#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// What it does, by which its handler is found: `mail.welcome`.
    pub(crate) kind: JobKind,
    /// What it is given: JSON of at most 256 KiB; - reads it from standard input.
    #[arg(default_value = "null")]
    pub(crate) payload: String,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Which of the tenant's jobs go first: low, normal or high.
    #[arg(long, default_value_t)]
    pub(crate) priority: Priority,
    /// Not before this time, as in 2026-01-31T08:00:00Z. At once if absent.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) run_at: Option<DateTime<Utc>>,
    /// At most one job with this key waits or runs: if there is one, nothing is put in.
    #[arg(long, value_name = "KEY")]
    pub(crate) unique: Option<UniqueKey>,
    /// How often it may be begun before it is a dead letter.
    #[arg(long, value_name = "NUMBER", value_parser = max_attempts)]
    pub(crate) max_attempts: Option<MaxAttempts>,
    /// Its id, a UUID of version 7: whoever doubts whether it was put in says the same again. A new one if absent.
    #[arg(long)]
    pub(crate) id: Option<JobId>,
}

fn time(text: &str) -> Result<DateTime<Utc>, BoxError> {
    let read = text.parse();
    read.map_err(|_| format!("{text:?} is no time: write it as 2026-01-31T08:00:00Z").into())
}

pub(super) fn max_attempts(text: &str) -> Result<MaxAttempts, BoxError> {
    Ok(MaxAttempts::new(text.parse()?)?)
}

/// Where a job runs, which has to be said.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ScopeArgs {
    /// In this tenant: its slug or its id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// In the shared scope, on purpose.
    #[arg(long)]
    pub(crate) shared: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// How long ago they ended, at least: 30d, 12h, 45m or 10s.
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Age,
    /// Forget dead letters, too.
    #[arg(long)]
    pub(crate) dead_letters: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    /// The program that does the jobs of a kind; may be given several times.
    #[arg(long = "run", value_name = "KIND=PROGRAM", required = true)]
    pub(crate) runs: Vec<Run>,
    /// A variable of the worker's environment that programs get, too; may be given several times. Without it they get PATH,
    /// HOME, USER, LOGNAME, SHELL, LANG, LANGUAGE, LC_*, TZ and TMPDIR.
    #[arg(long, value_name = "NAME", value_parser = variable)]
    pub(crate) pass_env: Vec<String>,
    /// How many jobs to do at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: u16,
    /// How many seconds a worker may be silent before its job is handed to another.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) lease: u64,
    /// How many seconds a program may take before it is killed, and its job tried again.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) timeout: u64,
    /// End when nothing is due, instead of waiting for more. Fails if the queue does.
    #[arg(long)]
    pub(crate) until_empty: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StateArg {
    Waiting,
    Running,
    Done,
    Cancelled,
    Dead,
}

impl From<StateArg> for JobState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Waiting => Self::Waiting,
            StateArg::Running => Self::Running,
            StateArg::Done => Self::Done,
            StateArg::Cancelled => Self::Cancelled,
            StateArg::Dead => Self::Dead,
        }
    }
}

fn variable(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err("name one variable, such as MAIL_KEY: its value is the worker's own");
    }
    Ok(name.to_owned())
}

/// Which program does the jobs of which kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) kind: JobKind,
    pub(crate) program: PathBuf,
}

/// A text that names no kind and program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("{text} names no kind and program: write KIND=PROGRAM, such as mail.welcome=./welcome")]
    NoPair { text: Excerpt },
    #[error(transparent)]
    Kind(#[from] JobKindError),
}

impl FromStr for Run {
    type Err = RunError;

    fn from_str(text: &str) -> Result<Self, RunError> {
        let pair = text
            .split_once('=')
            .filter(|(_, program)| !program.is_empty());
        let Some((kind, program)) = pair else {
            let text = Excerpt::of(text);
            return Err(RunError::NoPair { text });
        };
        Ok(Self {
            kind: JobKind::new(kind)?,
            program: program.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_kind_and_a_program_which_may_hold_another_sign() {
        let run: Run = "mail.welcome=./a=b".parse().unwrap();
        assert_eq!(run.kind.as_str(), "mail.welcome");
        assert_eq!(run.program, PathBuf::from("./a=b"));
        for refused in ["", "mail", "mail=", "=./a", "Mail=./a"] {
            assert!(refused.parse::<Run>().is_err(), "{refused}");
        }
    }
}
