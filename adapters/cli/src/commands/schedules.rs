use std::process::ExitCode;

use chrono::{DateTime, Utc};
use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::audit::AuditChain;
use tenantry::jobs::{
    JobErrorText, JobScheduler, JobScope, Schedule, ScheduleRecord, ScheduleTarget, Tick,
};
use tenantry::ports::{JobSchedules, PutSchedule, SchedulePage, UnreadableSchedule};
use tenantry::{Actor, PageSize, TenantContext};

use super::jobs::read_payload;
use super::recorded::{Act, recorded};
use crate::args::{SchedulePutArgs, SchedulesCommand, TargetFilterArgs};
use crate::database::{Database, find, tenant_id};
use crate::error::{CliError, chain};
use crate::output::{Output, printable};

pub(crate) fn run(
    database: &Database,
    command: &SchedulesCommand,
    actor: &Actor,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let store = database.schedules()?;
    match command {
        SchedulesCommand::List(filter) => {
            list(&*store, target(database, filter)?, output)?;
        }
        SchedulesCommand::Show { key, payload } => {
            let record = block_on(store.find(&key.key))?;
            output.facts(&facts(&record, *payload), &value_of(&record, *payload))?;
        }
        SchedulesCommand::Put(args) => {
            let schedule = schedule(database, args, actor)?;
            let act = Act::in_chain(
                actor,
                log_of(schedule.target()),
                "schedule.put",
                schedule.key(),
            );
            let put = recorded(database, &act, || block_on(store.put(&schedule)))?;
            let did = match put {
                PutSchedule::New => "new",
                PutSchedule::Replaced => "replaced",
                PutSchedule::Unchanged => "unchanged",
            };
            let value = json!({ "key": schedule.key(), "put": did });
            output.answer(&format!("{}: {did}", schedule.key()), &value)?;
        }
        SchedulesCommand::Pause(key) => {
            let act = Act::in_chain(actor, log_of(key.key.target()), "schedule.pause", &key.key);
            recorded(database, &act, || block_on(store.pause(&key.key)))?;
            output.answer(
                &format!("paused: {}", key.key),
                &json!({ "paused": key.key }),
            )?;
        }
        SchedulesCommand::Resume(key) => {
            let act = Act::in_chain(actor, log_of(key.key.target()), "schedule.resume", &key.key);
            recorded(database, &act, || block_on(store.resume(&key.key)))?;
            output.answer(
                &format!("resumed: {}", key.key),
                &json!({ "resumed": key.key }),
            )?;
        }
        SchedulesCommand::Remove(key) => {
            let act = Act::in_chain(actor, log_of(key.key.target()), "schedule.remove", &key.key);
            recorded(database, &act, || block_on(store.remove(&key.key)))?;
            output.answer(
                &format!("removed: {}", key.key),
                &json!({ "removed": key.key }),
            )?;
        }
        SchedulesCommand::Tick => {
            return tick(&JobScheduler::new(store, database.repository()), output);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The log that tells of what is done to schedules for these.
fn log_of(target: ScheduleTarget) -> AuditChain {
    match target {
        ScheduleTarget::Tenant(id) => AuditChain::Tenant(id),
        ScheduleTarget::EveryTenant | ScheduleTarget::Shared => AuditChain::Shared,
    }
}

fn target(
    database: &Database,
    filter: &TargetFilterArgs,
) -> Result<Option<ScheduleTarget>, CliError> {
    let TargetFilterArgs {
        tenant,
        shared,
        every_tenant,
    } = filter;
    Ok(match tenant {
        Some(given) => {
            let id = tenant_id(database.service(), given)?;
            Some(ScheduleTarget::of(JobScope::Tenant(id)))
        }
        None if *shared => Some(ScheduleTarget::Shared),
        None if *every_tenant => Some(ScheduleTarget::EveryTenant),
        None => None,
    })
}

fn list(
    schedules: &dyn JobSchedules,
    target: Option<ScheduleTarget>,
    output: &mut Output,
) -> Result<(), CliError> {
    let mut page = SchedulePage {
        after: None,
        size: PageSize::LARGEST,
    };
    let (mut records, mut unreadable) = (Vec::new(), Vec::new());
    loop {
        let found = block_on(schedules.list(target, &page))?;
        records.extend(found.records);
        unreadable.extend(found.unreadable);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    if output.is_json() {
        let records: Vec<_> = records
            .iter()
            .map(|record| value_of(record, false))
            .collect();
        let unreadable: Vec<_> = unreadable.iter().map(value_of_unreadable).collect();
        return output.value(&json!({ "schedules": records, "unreadable": unreadable }));
    }
    let rows = records.iter().map(row).collect();
    output.table(&["key", "when", "kind", "next"], rows, &json!(null))?;
    for schedule in &unreadable {
        let (key, wrong) = (schedule.key.escape_debug(), wrong_with(schedule));
        output.doubtful(&format!(
            "schedule {key} can't be read: {}",
            printable(wrong.as_str())
        ))?;
    }
    Ok(())
}

fn row(record: &ScheduleRecord) -> Vec<String> {
    let schedule = &record.schedule;
    vec![
        schedule.key().to_string(),
        schedule.cron().to_string(),
        schedule.kind().to_string(),
        next(record),
    ]
}

fn next(record: &ScheduleRecord) -> String {
    if record.paused {
        return "paused".to_owned();
    }
    optional(record.position.due_since())
}

fn optional(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_string())
}

fn facts(record: &ScheduleRecord, payload: bool) -> Vec<(&'static str, String)> {
    let schedule = &record.schedule;
    let given = schedule.payload().as_json();
    let given = if payload {
        printable(given)
    } else {
        format!("{} bytes: --payload shows them", given.len())
    };
    let of_words = |word: Value| word.as_str().unwrap_or_default().replace('_', "-");
    vec![
        ("key", schedule.key().to_string()),
        ("when", schedule.cron().to_string()),
        ("next", next(record)),
        ("last", optional(record.position.last_due)),
        ("kind", schedule.kind().to_string()),
        ("its jobs are given", given),
        ("priority", schedule.priority().to_string()),
        ("attempts", schedule.max_attempts().number().to_string()),
        ("missed runs", of_words(json!(schedule.missed_runs()))),
        ("overlap", of_words(json!(schedule.overlap()))),
        ("put in by", schedule.actor().to_string()),
    ]
}

fn value_of(record: &ScheduleRecord, payload: bool) -> Value {
    let schedule = &record.schedule;
    let mut value = json!({
        "key": schedule.key(),
        "cron": schedule.cron(),
        "kind": schedule.kind(),
        "paused": record.paused,
        "next_due": record.position.next_due,
        "last_due": record.position.last_due,
        "priority": schedule.priority().number(),
        "max_attempts": schedule.max_attempts(),
        "missed": schedule.missed_runs(),
        "overlap": schedule.overlap(),
        "actor": schedule.actor(),
        "payload_bytes": schedule.payload().as_json().len(),
    });
    if payload {
        value["payload"] = schedule.payload().read().unwrap_or(Value::Null);
    }
    value
}

fn value_of_unreadable(schedule: &UnreadableSchedule) -> Value {
    json!({ "key": schedule.key, "error": wrong_with(schedule).as_str() })
}

fn wrong_with(schedule: &UnreadableSchedule) -> JobErrorText {
    JobErrorText::of_unreadable(&*schedule.source)
}

fn schedule(
    database: &Database,
    args: &SchedulePutArgs,
    actor: &Actor,
) -> Result<Schedule, CliError> {
    let SchedulePutArgs {
        name,
        cron,
        kind,
        payload,
        target,
        priority,
        max_attempts,
        missed,
        overlap,
    } = args;
    let payload = read_payload(payload)?;
    let (name, cron, kind) = (name.clone(), cron.clone(), kind.clone());
    let made = match &target.tenant {
        Some(given) => {
            let tenant = find(database.service(), given)?;
            let context = TenantContext::of(&tenant, actor.clone()).map_err(CliError::Context)?;
            Schedule::in_tenant(&context, name, cron, kind, payload)
        }
        None if target.every_tenant => {
            Schedule::for_every_tenant(actor.clone(), name, cron, kind, payload)
        }
        None => Schedule::shared_on_purpose(actor.clone(), name, cron, kind, payload),
    };
    let made = made
        .with_priority(*priority)
        .with_missed_runs((*missed).into())
        .with_overlap((*overlap).into());
    Ok(match max_attempts {
        Some(most) => made.with_max_attempts(*most),
        None => made,
    })
}

/// Ticks until every run that is due is put in for every tenant.
fn tick(scheduler: &JobScheduler, output: &mut Output) -> Result<ExitCode, CliError> {
    let mut jobs = 0;
    let failed = loop {
        let Tick {
            jobs: put_in,
            advanced,
            unfinished,
            failed,
            ..
        } = block_on(scheduler.tick())?;
        jobs += put_in;
        if unfinished == 0 || advanced == 0 {
            break failed;
        }
    };
    let failures = failed
        .iter()
        .map(|failure| (&failure.key, chain(&failure.error).join(": ")));
    let values: Vec<_> = failures
        .clone()
        .map(|(key, error)| json!({ "key": key, "error": error }))
        .collect();
    let text = format!("{jobs} jobs put in, {} schedules failed", failed.len());
    output.answer(&text, &json!({ "jobs": jobs, "failed": values }))?;
    for (key, error) in failures {
        output.bad(&format!("{}: {}", key.escape_debug(), printable(&error)))?;
    }
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
