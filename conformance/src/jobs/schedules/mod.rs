//! What every store of schedules must do: the same as the suite of job queues, over the port that puts jobs in again and
//! again.
//!
//! An adapter that has a [`JobHarness`](crate::jobs::JobHarness) implements [`ScheduleHarness`] for it, and
//! [`schedule_suite!`](crate::schedule_suite) makes a `#[test]` of each behaviour:
//!
//! ```ignore
//! impl tenantry_conformance::jobs::schedules::ScheduleHarness for MyQueue { /* … */ }
//!
//! tenantry_conformance::schedule_suite!(MyQueue);
//! ```

mod behaviours;
mod harness;
mod list;
mod world;

pub use harness::ScheduleHarness;
pub use list::{
    DescribedSchedule, ScheduleBehaviour, catalogue, check, described, schedule_behaviours,
};
