//! What can be said of schedules.

use clap::{Args, Subcommand, ValueEnum};
use tenantry::jobs::{
    CronExpression, JobKind, MaxAttempts, MissedRuns, Overlap, Priority, ScheduleKey, ScheduleName,
};

use super::jobs::max_attempts;

#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesCommand {
    /// Lists schedules, in the order of their keys.
    List(TargetFilterArgs),
    /// Shows one schedule.
    Show {
        #[command(flatten)]
        key: KeyArg,
        /// Show what its jobs are given, too, which may hold secrets.
        #[arg(long)]
        payload: bool,
    },
    /// Puts a schedule in, or in the place of the one with its name among those for the same.
    Put(SchedulePutArgs),
    /// Puts nothing in until it is resumed.
    Pause(KeyArg),
    /// Goes on with the next due time. Nothing of the pause is made up for.
    Resume(KeyArg),
    /// Forgets it. Jobs that it put in stay.
    Remove(KeyArg),
    /// Puts in the jobs that are due now, once: for a machine whose cron has the time, instead of a thread in the application.
    Tick,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArg {
    /// Its key, as list shows it: every-tenant/NAME, shared/NAME or tenant:ID/NAME.
    pub(crate) key: ScheduleKey,
}

/// Whom schedules are for: all, by default.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct TargetFilterArgs {
    /// Only this tenant's own: its slug, or its id, which may be a purged tenant's.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Only those of the shared scope.
    #[arg(long)]
    pub(crate) shared: bool,
    /// Only those for every tenant.
    #[arg(long)]
    pub(crate) every_tenant: bool,
}

/// Whom a schedule is for, which has to be said.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetArgs {
    /// For this tenant: its slug or its id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// For the shared scope, on purpose.
    #[arg(long)]
    pub(crate) shared: bool,
    /// For every tenant that is active when it is due.
    #[arg(long)]
    pub(crate) every_tenant: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchedulePutArgs {
    /// Its name among those for the same.
    #[arg(value_parser = |text: &str| ScheduleName::new(text))]
    pub(crate) name: ScheduleName,
    /// When, in UTC: minute, hour, day of month, month, day of week, as in "15 2 * * *".
    pub(crate) cron: CronExpression,
    /// What its jobs do, by which their handler is found.
    pub(crate) kind: JobKind,
    /// What they are given: JSON of at most 256 KiB; - reads it from standard input.
    #[arg(default_value = "null")]
    pub(crate) payload: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Which of a tenant's jobs go first: low, normal or high.
    #[arg(long, default_value_t)]
    pub(crate) priority: Priority,
    /// How often each job may be begun before it is a dead letter.
    #[arg(long, value_name = "NUMBER", value_parser = max_attempts)]
    pub(crate) max_attempts: Option<MaxAttempts>,
    /// What becomes of runs while nobody looked: the latest is made up for once, or all are left out.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) missed: MissedArg,
    /// What becomes of a run while the one before waits or runs: it is left out, or put in all the same.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) overlap: OverlapArg,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum MissedArg {
    #[default]
    RunOnce,
    LeaveOut,
}

impl From<MissedArg> for MissedRuns {
    fn from(missed: MissedArg) -> Self {
        match missed {
            MissedArg::RunOnce => Self::RunOnce,
            MissedArg::LeaveOut => Self::LeaveOut,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum OverlapArg {
    #[default]
    LeaveOut,
    Allow,
}

impl From<OverlapArg> for Overlap {
    fn from(overlap: OverlapArg) -> Self {
        match overlap {
            OverlapArg::LeaveOut => Self::LeaveOut,
            OverlapArg::Allow => Self::Allow,
        }
    }
}
