//! The statements of schedules. Every table is named with its schema, so no path matters.

use chrono::{DateTime, Utc};
use tenantry::jobs::{
    ScheduleKey, SchedulePosition, ScheduleRecord, ScheduleRevision, ScheduleTarget,
};
use tenantry::ports::SchedulePage;

use crate::SharedSchema;
use crate::jobs::sql::Now;
use crate::repository::statement::Statement;

const COLUMNS: &str =
    "key, definition, paused, next_due, last_due, fan_out_due, fan_out_after, revision";

/// Where the table is.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    table: String,
}

impl Sql {
    pub(super) fn new(shared: &SharedSchema) -> Self {
        Self {
            table: format!("{}.tenantry_job_schedules", shared.quoted()),
        }
    }

    /// The server's own time if nobody brings another.
    pub(super) fn moment(now: Now) -> Statement {
        Statement::new("SELECT coalesce(")
            .optional_time(now)
            .sql(", clock_timestamp()) AS now")
    }

    pub(super) fn find(&self, key: &ScheduleKey) -> Statement {
        let table = &self.table;
        Statement::new(format!("SELECT {COLUMNS} FROM {table} WHERE key = ")).text(key.to_string())
    }

    /// Whoever changes it at the same moment waits.
    pub(super) fn find_to_change(&self, key: &ScheduleKey) -> Statement {
        self.find(key).sql(" FOR NO KEY UPDATE")
    }

    pub(super) fn insert(&self, record: &ScheduleRecord, definition: String) -> Statement {
        let ScheduleRecord {
            schedule,
            paused,
            position,
            revision: _,
        } = record;
        Statement::new(format!(
            "INSERT INTO {} (key, target, definition, paused, next_due, last_due, fan_out_due, fan_out_after) VALUES (",
            self.table
        ))
        .text(schedule.key().to_string())
        .sql(", ")
        .text(schedule.target().to_string())
        .sql(", ")
        .text(definition)
        .sql(format!(", {paused}, "))
        .position(position, ["", ", ", ", ", ", "])
        .sql(") ON CONFLICT (key) DO NOTHING RETURNING 1::int8 AS changed")
    }

    pub(super) fn replace(&self, record: &ScheduleRecord, definition: String) -> Statement {
        let ScheduleRecord {
            schedule,
            paused,
            position,
            revision: _,
        } = record;
        Statement::new(format!("UPDATE {} SET definition = ", self.table))
            .text(definition)
            .sql(format!(", paused = {paused}, "))
            .position(position, POSITION)
            .sql(", revision = DEFAULT WHERE key = ")
            .text(schedule.key().to_string())
            .sql(" RETURNING 1::int8 AS changed")
    }

    pub(super) fn advance(
        &self,
        key: &ScheduleKey,
        revision: ScheduleRevision,
        position: &SchedulePosition,
    ) -> Statement {
        Statement::new(format!("UPDATE {} SET ", self.table))
            .position(position, POSITION)
            .sql(", revision = DEFAULT WHERE key = ")
            .text(key.to_string())
            .sql(" AND revision = ")
            .number(revision.number())
            .sql(" RETURNING 1::int8 AS changed")
    }

    pub(super) fn remove(&self, key: &ScheduleKey) -> Statement {
        Statement::new(format!("DELETE FROM {} WHERE key = ", self.table))
            .text(key.to_string())
            .sql(" RETURNING 1::int8 AS changed")
    }

    pub(super) fn list(&self, target: Option<ScheduleTarget>, page: &SchedulePage) -> Statement {
        let table = &self.table;
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM {table} WHERE true"));
        if let Some(target) = target {
            statement = statement.sql(" AND target = ").text(target.to_string());
        }
        statement.page(page)
    }

    pub(super) fn due(&self, now: DateTime<Utc>, page: &SchedulePage) -> Statement {
        let table = &self.table;
        Statement::new(format!(
            "SELECT {COLUMNS} FROM {table} WHERE NOT paused AND coalesce(fan_out_due, next_due) <= "
        ))
        .time(now)
        .page(page)
    }
}

/// What precedes each part of a position where it is changed.
const POSITION: [&str; 4] = [
    "next_due = ",
    ", last_due = ",
    ", fan_out_due = ",
    ", fan_out_after = ",
];

impl Statement {
    fn position(self, position: &SchedulePosition, before: [&str; 4]) -> Self {
        let SchedulePosition {
            next_due,
            last_due,
            fan_out,
        } = position;
        let after = fan_out.map(|fan_out| fan_out.after.to_string());
        let [next, last, due, tenant] = before;
        self.sql(next)
            .optional_time(*next_due)
            .sql(last)
            .optional_time(*last_due)
            .sql(due)
            .optional_time(fan_out.map(|fan_out| fan_out.due))
            .sql(tenant)
            .optional_text(after.as_deref())
            .sql("::uuid")
    }

    fn page(mut self, page: &SchedulePage) -> Self {
        if let Some(after) = &page.after {
            self = self.sql(" AND key > ").text(after);
        }
        self.sql(" ORDER BY key LIMIT ")
            .number(i64::from(page.size.number()))
    }
}
