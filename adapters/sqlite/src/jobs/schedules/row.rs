use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use tenantry::BoxError;
use tenantry::jobs::{
    FanOut, Schedule, ScheduleKey, SchedulePosition, ScheduleRecord, ScheduleRevision,
};
use tenantry::ports::{JobQueueError, JobSchedulesError, UnreadableSchedule};

use crate::jobs::row::time;

/// A schedule as it is stored.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    definition: String,
    #[diesel(sql_type = Bool)]
    pub(super) paused: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    next_due: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    last_due: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    fan_out_due: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    fan_out_after: Option<String>,
    #[diesel(sql_type = BigInt)]
    revision: i64,
}

impl Row {
    pub(super) fn into_record(self) -> Result<ScheduleRecord, UnreadableSchedule> {
        let key = self.key.clone();
        self.read()
            .map_err(|source| UnreadableSchedule { key, source })
    }

    fn read(self) -> Result<ScheduleRecord, BoxError> {
        let key: ScheduleKey = self.key.parse()?;
        let schedule: Schedule = serde_json::from_str(&self.definition)?;
        if *schedule.key() != key {
            return Err("its definition is another schedule's".into());
        }
        let fan_out = match (self.fan_out_due, self.fan_out_after) {
            (Some(due), Some(after)) => Some(FanOut {
                due: time(due)?,
                after: after.parse()?,
            }),
            _ => None,
        };
        let position = SchedulePosition {
            next_due: self.next_due.map(time).transpose()?,
            last_due: self.last_due.map(time).transpose()?,
            fan_out,
        };
        Ok(ScheduleRecord {
            schedule,
            paused: self.paused,
            position,
            revision: ScheduleRevision::new(self.revision),
        })
    }
}

pub(super) fn failed(source: BoxError) -> JobSchedulesError {
    JobQueueError::Failed { source }.into()
}
