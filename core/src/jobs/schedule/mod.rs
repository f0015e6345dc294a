//! Schedules: jobs that are put in again and again, as a cron expression says.
//!
//! ```text
//!  cron        CronExpression             when; `field` reads one of its five fields
//!  key         ScheduleKey, ScheduleTarget, ScheduleName      for whom, and what it is called
//!  definition  Schedule                   the above, and what is put in
//!  record      ScheduleRecord             a schedule in a store, and where it stands
//!  turn        due_run, ScheduleTurn      what is to be done now: functions
//!  scheduler   JobScheduler               the above, driven over the ports
//! ```

mod cron;
mod definition;
mod field;
mod key;
mod record;
mod scheduler;
mod turn;

pub use cron::{CronError, CronExpression};
pub use definition::{MissedRuns, Overlap, Schedule};
pub use key::{ScheduleKey, ScheduleKeyError, ScheduleName, ScheduleNameError, ScheduleTarget};
pub use record::{FanOut, SchedulePosition, ScheduleRecord, ScheduleRevision};
pub use scheduler::{JobScheduler, JobSchedulerError, ScheduleFailure, Tick};
pub use turn::{DueRun, ScheduleStep, ScheduleTurn, TenantQuestion, due_run};
