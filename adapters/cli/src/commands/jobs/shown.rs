//! How a job is shown: what it was given and what it gave only if asked for, since that may hold secrets.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::jobs::{JobErrorText, JobPayload, JobScope};
use tenantry::ports::{JobRecord, RepositoryError, UnreadableJob};
use tenantry::{ServiceError, TenantId, TenantService};

use crate::database::Database;
use crate::error::CliError;

/// What scopes are called: a tenant's slug, or its id if it is recorded no more. Each is asked for once.
pub(super) struct Names<'d> {
    service: &'d TenantService,
    known: BTreeMap<TenantId, String>,
}

impl<'d> Names<'d> {
    pub(super) fn of(database: &'d Database) -> Self {
        Self {
            service: database.service(),
            known: BTreeMap::new(),
        }
    }

    pub(super) fn get(&mut self, scope: JobScope) -> Result<String, CliError> {
        let JobScope::Tenant(id) = scope else {
            return Ok("(shared)".to_owned());
        };
        if let Some(name) = self.known.get(&id) {
            return Ok(name.clone());
        }
        let name = match block_on(self.service.find(id)) {
            Ok(tenant) => tenant.slug().to_string(),
            Err(ServiceError::Repository(RepositoryError::NotFound { .. })) => id.to_string(),
            Err(error) => return Err(error.into()),
        };
        self.known.insert(id, name.clone());
        Ok(name)
    }
}

/// A line of `jobs list`.
pub(super) fn row(record: &JobRecord, name: &str) -> Vec<String> {
    vec![
        record.job.id().to_string(),
        name.to_owned(),
        record.job.kind().to_string(),
        record.state.to_string(),
        attempts(record),
        time(record.job.run_at()),
        first_line(record.error.as_ref()),
    ]
}

/// A line of `jobs dead`.
pub(super) fn row_of_dead(record: &JobRecord, name: &str) -> Vec<String> {
    vec![
        record.job.id().to_string(),
        name.to_owned(),
        record.job.kind().to_string(),
        attempts(record),
        optional_time(record.ended_at),
        record.death.map_or_else(none, |death| death.to_string()),
        first_line(record.error.as_ref()),
    ]
}

/// A line for a job that can't be read. Its id may be anybody's text, so it is shown with escapes.
pub(super) fn line_of_unreadable(job: &UnreadableJob) -> String {
    let id = job.id.escape_debug();
    format!(
        "job {id} can't be read: {}",
        first_line(Some(&wrong_with(job)))
    )
}

/// The same for programs.
pub(super) fn json_of_unreadable(job: &UnreadableJob) -> Value {
    json!({ "id": job.id, "error": wrong_with(job).as_str() })
}

fn wrong_with(job: &UnreadableJob) -> JobErrorText {
    JobErrorText::of_unreadable(&*job.source)
}

/// All there is to say of a job.
pub(super) fn facts(record: &JobRecord, name: &str, payload: bool) -> Vec<(&'static str, String)> {
    let JobRecord {
        job,
        state,
        token,
        lease_until,
        enqueued_at,
        ended_at,
        output,
        error,
        death,
    } = record;
    let scope = match job.scope() {
        JobScope::Tenant(id) => format!("{name} ({id})"),
        JobScope::Shared => name.to_owned(),
    };
    vec![
        ("id", job.id().to_string()),
        ("of", scope),
        ("kind", job.kind().to_string()),
        ("state", state.to_string()),
        ("attempts", attempts(record)),
        ("due", time(job.run_at())),
        ("priority", job.priority().number().to_string()),
        ("put in", time(*enqueued_at)),
        ("put in by", job.actor().to_string()),
        (
            "unique key",
            job.unique_key()
                .map_or_else(none, |key| key.as_str().to_owned()),
        ),
        ("hand-outs", token.to_string()),
        ("leased until", optional_time(*lease_until)),
        ("ended", optional_time(*ended_at)),
        (
            "died of",
            death.map_or_else(none, |death| death.to_string()),
        ),
        (
            "error",
            error
                .as_ref()
                .map_or_else(none, |error| printable(error.as_str())),
        ),
        ("was given", content(Some(job.payload()), payload)),
        ("gave", content(output.as_ref(), payload)),
    ]
}

/// The same for programs.
pub(super) fn json_of(record: &JobRecord, name: &str, payload: bool) -> Value {
    let JobRecord {
        job,
        state,
        token,
        lease_until,
        enqueued_at,
        ended_at,
        output,
        error,
        death,
    } = record;
    let (tenant, slug) = match job.scope() {
        JobScope::Tenant(id) => (Some(id), (id.to_string() != name).then_some(name)),
        JobScope::Shared => (None, None),
    };
    let mut value = json!({
        "id": job.id(),
        "scope": if tenant.is_some() { "tenant" } else { "shared" },
        "tenant": tenant,
        "slug": slug,
        "kind": job.kind(),
        "state": state,
        "attempts": job.attempts(),
        "max_attempts": job.max_attempts(),
        "run_at": job.run_at(),
        "priority": job.priority().number(),
        "enqueued_at": enqueued_at,
        "actor": job.actor(),
        "unique_key": job.unique_key(),
        "token": token,
        "lease_until": lease_until,
        "ended_at": ended_at,
        "death": death,
        "error": error,
        "payload_bytes": job.payload().as_json().len(),
        "output_bytes": output.as_ref().map(|output| output.as_json().len()),
    });
    if payload && let Some(fields) = value.as_object_mut() {
        let parsed = |payload: &JobPayload| payload.read::<Value>().unwrap_or(Value::Null);
        fields.insert("payload".to_owned(), parsed(job.payload()));
        fields.insert(
            "output".to_owned(),
            output.as_ref().map_or(Value::Null, parsed),
        );
    }
    value
}

fn attempts(record: &JobRecord) -> String {
    let job = &record.job;
    format!("{} of {}", job.attempts(), job.max_attempts().number())
}

fn time(time: DateTime<Utc>) -> String {
    time.trunc_subsecs(0).to_string()
}

fn optional_time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(none, time)
}

fn none() -> String {
    "-".to_owned()
}

fn first_line(error: Option<&JobErrorText>) -> String {
    let line = error.and_then(|error| error.as_str().lines().next());
    line.map_or_else(none, |line| {
        printable(line).chars().take(60).collect::<String>()
    })
}

/// What a program wrote may hold what would move a terminal's cursor.
fn printable(text: &str) -> String {
    let shown = |c: char| {
        if c.is_control() && c != '\n' {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

fn content(payload: Option<&JobPayload>, shown: bool) -> String {
    match payload {
        None => none(),
        Some(payload) if shown => printable(payload.as_json()),
        Some(payload) => format!("{} bytes: --payload shows them", payload.as_json().len()),
    }
}
