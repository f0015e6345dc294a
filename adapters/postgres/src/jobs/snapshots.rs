//! The generated SQL is kept in files, so that a predicate that is lost shows in a diff.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use tenantry::jobs::{
    DeathReason, FencingToken, JobEnvelope, JobErrorText, JobId, JobKind, JobPayload, JobReach,
    JobScope, JobState, Lease, UniqueKey,
};
use tenantry::ports::{JobFilter, JobShare, Prune, WaitReach};
use tenantry::{Actor, PageSize, TenantId};

use super::sql::Sql;
use crate::SharedSchema;
use crate::repository::snapshots::assert_snapshot;
use crate::repository::statement::Statement;

fn assert_statement(name: &str, statement: &Statement) {
    let shown = diesel::debug_query::<Pg, _>(statement).to_string();
    assert_snapshot(&format!("jobs_{name}"), &shown);
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).expect("in range")
}

fn job() -> JobEnvelope {
    let id = JobId::from_parts(now(), [7; 10]);
    let kind = JobKind::new("report").expect("a kind");
    let payload = JobPayload::of(&1).expect("JSON");
    JobEnvelope::shared_on_purpose(Actor::system(), id, kind, payload, now())
        .with_unique_key(UniqueKey::new("daily").expect("a key"))
}

fn lease() -> Lease {
    Lease {
        job: job().id(),
        token: FencingToken::new(3),
        until: now(),
    }
}

fn reach() -> JobReach {
    JobReach::Only(JobScope::Tenant(TenantId::from_parts(now(), [1; 10])))
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn the_statements_of_whoever_puts_in_and_works_are_what_was_reviewed() {
    let sql = Sql::new(&SharedSchema::default());
    let (job, lease, error) = (job(), lease(), JobErrorText::new("no"));
    assert_statement("enqueue", &sql.enqueue(&job, None));
    assert_statement("holder", &sql.holder(&job));
    assert_statement("other_holder", &sql.other_holder(&job));
    let kinds = BTreeSet::from([job.kind().clone()]);
    assert_statement("reserve", &sql.reserve(&kinds, MINUTE, Some(2), None));
    assert_statement("extend", &sql.extend(&lease, MINUTE, None));
    assert_statement("complete", &sql.complete(&lease, Some(job.payload()), None));
    assert_statement("retry", &sql.retry(&lease, MINUTE, &error, None));
    let reason = DeathReason::TenantDeleted;
    assert_statement("bury", &sql.bury(&lease, reason, &error, None));
    for (name, reach) in [("job", WaitReach::Job), ("scope", WaitReach::Scope)] {
        let give_back = sql.give_back(&lease, MINUTE, reach, None);
        assert_statement(&format!("give_back_{name}"), &give_back);
    }
}

#[test]
fn the_statements_of_an_operator_are_what_was_reviewed() {
    let sql = Sql::new(&SharedSchema::default());
    assert_statement("find", &sql.find(job().id()));
    let filter = JobFilter {
        reach: reach(),
        states: BTreeSet::from([JobState::Dead]),
    };
    let (after, most) = (Some(job().id().as_uuid()), PageSize::default().number());
    assert_statement("list", &sql.list(&filter, after, most));
    assert_statement("put_back", &sql.put_back(job().id(), None));
    assert_statement("make_due", &sql.make_due(job().id(), None));
    assert_statement("cancel", &sql.cancel(job().id(), None));
    assert_statement("stats", &sql.stats(reach()));
    assert_statement("stats_of_everything", &sql.stats(JobReach::Everything));
    assert_statement("prune", &sql.prune(reach(), now(), Prune::Finished));
    let share = JobShare {
        at_once: Some(2),
        ..JobShare::default()
    };
    assert_statement("set_share", &sql.set_share(JobScope::Shared, share));
}
