//! The generated SQL is kept in files, so that a predicate that is lost shows in a diff.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use tenantry::jobs::{
    FanOut, JobKind, JobPayload, Schedule, ScheduleName, SchedulePosition, ScheduleRecord,
};
use tenantry::ports::SchedulePage;
use tenantry::{Actor, TenantId};

use super::sql::Sql;
use crate::SharedSchema;
use crate::repository::snapshots::assert_snapshot;
use crate::repository::statement::Statement;

fn assert_statement(name: &str, statement: &Statement) {
    let shown = diesel::debug_query::<Pg, _>(statement).to_string();
    assert_snapshot(&format!("schedules_{name}"), &shown);
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("in range")
}

#[test]
fn the_statements_of_schedules_are_what_was_reviewed() {
    let sql = Sql::new(&SharedSchema::default());
    let name = ScheduleName::new("sweep").expect("a name");
    let cron = "0 * * * *".parse().expect("it is hourly");
    let (kind, payload) = (JobKind::new("sweep"), JobPayload::of(&1));
    let (kind, payload) = (kind.expect("a kind"), payload.expect("JSON"));
    let schedule = Schedule::shared_on_purpose(Actor::system(), name, cron, kind, payload);
    let (key, target) = (schedule.key().clone(), schedule.target());
    let mut record = ScheduleRecord::begun(schedule, now());
    record.position.fan_out = Some(FanOut {
        due: now(),
        after: TenantId::from_parts(now(), [1; 10]),
    });
    let page = SchedulePage {
        after: Some(key.to_string()),
        ..SchedulePage::default()
    };
    assert_statement("moment", &Sql::moment(None));
    assert_statement("find_to_change", &sql.find_to_change(&key));
    assert_statement("insert", &sql.insert(&record, "{}".to_owned()));
    assert_statement("replace", &sql.replace(&record, "{}".to_owned()));
    let position = SchedulePosition::default();
    assert_statement("advance", &sql.advance(&key, record.revision, &position));
    assert_statement("remove", &sql.remove(&key));
    assert_statement("list", &sql.list(Some(target), &page));
    assert_statement("due", &sql.due(now(), &page));
}
