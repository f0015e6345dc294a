use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid};
use tenantry::jobs::{
    FanOut, Schedule, ScheduleKey, SchedulePosition, ScheduleRecord, ScheduleRevision,
};
use tenantry::ports::UnreadableSchedule;
use tenantry::{BoxError, TenantId};

/// A schedule as it is stored.
#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    definition: String,
    #[diesel(sql_type = Bool)]
    pub(super) paused: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    next_due: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_due: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    fan_out_due: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Uuid>)]
    fan_out_after: Option<uuid::Uuid>,
    #[diesel(sql_type = BigInt)]
    revision: i64,
}

/// What time it is.
#[derive(QueryableByName)]
pub(super) struct Moment {
    #[diesel(sql_type = Timestamptz)]
    pub(super) now: DateTime<Utc>,
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
                due,
                after: TenantId::from_uuid(after)?,
            }),
            _ => None,
        };
        Ok(ScheduleRecord {
            schedule,
            paused: self.paused,
            position: SchedulePosition {
                next_due: self.next_due,
                last_due: self.last_due,
                fan_out,
            },
            revision: ScheduleRevision::new(self.revision),
        })
    }
}
