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
    /// # Errors
    /// If somebody else wrote the key: nothing can be said about such a row, not even which it is.
    pub(super) fn key(&self) -> Result<ScheduleKey, JobSchedulesError> {
        self.key
            .parse::<ScheduleKey>()
            .map_err(|error| failed(error.into()))
    }

    pub(super) fn into_record(
        self,
        key: ScheduleKey,
    ) -> Result<ScheduleRecord, UnreadableSchedule> {
        self.read(&key)
            .map_err(|source| UnreadableSchedule { key, source })
    }

    fn read(self, key: &ScheduleKey) -> Result<ScheduleRecord, BoxError> {
        let schedule: Schedule = serde_json::from_str(&self.definition)?;
        if schedule.key() != key {
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
