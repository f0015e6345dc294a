use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Schedule;
use crate::TenantId;

/// A schedule, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleRecord {
    /// The schedule.
    pub schedule: Schedule,
    /// Whether nothing is put in until it is resumed.
    pub paused: bool,
    /// Which run is next.
    pub position: SchedulePosition,
    /// Which state of the record this is: no two states of one store have the same, not even of two schedules with one key.
    pub revision: ScheduleRevision,
}

impl ScheduleRecord {
    /// A schedule that is put into a store which didn't have it: due for the first time after `now`.
    pub fn begun(schedule: Schedule, now: DateTime<Utc>) -> Self {
        Self {
            position: SchedulePosition {
                next_due: schedule.cron().next_after(now),
                ..SchedulePosition::default()
            },
            schedule,
            paused: false,
            revision: ScheduleRevision::default(),
        }
    }

    /// The record when `schedule` is put in its place; `None` if that changes nothing.
    ///
    /// The next due time stays unless the expression is another, so that every process may put its schedules when it starts.
    /// A run that is under way for every tenant goes on, and a paused schedule stays paused.
    pub fn replaced_by(&self, schedule: &Schedule, now: DateTime<Utc>) -> Option<Self> {
        if self.schedule == *schedule {
            return None;
        }
        let mut replaced = self.clone();
        if self.schedule.cron() != schedule.cron() {
            replaced.position.next_due = schedule.cron().next_after(now);
        }
        replaced.schedule = schedule.clone();
        Some(replaced)
    }

    /// The record when nothing is to be put in until it is resumed; `None` if that is so already.
    pub fn paused(&self) -> Option<Self> {
        let mut paused = self.clone();
        paused.paused = true;
        (!self.paused).then_some(paused)
    }

    /// The record when it is to go on; `None` if it isn't paused.
    ///
    /// Nothing of the pause is made up for: the next run is the first after `now`, and one that was under way for every
    /// tenant is given up.
    pub fn resumed(&self, now: DateTime<Utc>) -> Option<Self> {
        let mut resumed = self.clone();
        resumed.paused = false;
        resumed.position.fan_out = None;
        resumed.position.next_due = self.schedule.cron().next_after(now);
        self.paused.then_some(resumed)
    }
}

/// Which run of a schedule is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct SchedulePosition {
    /// When it is due next, once the run that is under way is put in for every tenant. `None`: never again.
    pub next_due: Option<DateTime<Utc>>,
    /// The due time of the run that was put in last, or is under way.
    pub last_due: Option<DateTime<Utc>>,
    /// A run that was put in for some tenants so far.
    pub fan_out: Option<FanOut>,
}

impl SchedulePosition {
    /// Since when a scheduler has something to do for it; `None` if it never will: the definition that every store agrees with.
    pub fn due_since(&self) -> Option<DateTime<Utc>> {
        self.fan_out.map(|fan_out| fan_out.due).or(self.next_due)
    }
}

/// How far a run is put in for every tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FanOut {
    /// The run's due time.
    pub due: DateTime<Utc>,
    /// The last tenant that it was put in for, or that was passed over. Those with a greater id are left.
    pub after: TenantId,
}

/// Which state of a stored schedule something was decided on. Opaque: a store hands it out and compares it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct ScheduleRevision(i64);

impl ScheduleRevision {
    /// Reads a stored revision.
    pub fn new(number: i64) -> Self {
        Self(number)
    }

    /// The revision as a number, for a database column.
    pub fn number(self) -> i64 {
        self.0
    }
}
