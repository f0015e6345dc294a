//! How a job is shown: what it was given and what it gave only if asked for, since that may hold secrets.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::jobs::{JobErrorText, JobPayload, JobScope, JobState};
use tenantry::ports::{JobRecord, RepositoryError, UnreadableJob};
use tenantry::{ServiceError, Slug, Tenant, TenantContext, TenantId, TenantService, TenantStatus};

use crate::database::Database;
use crate::error::CliError;
use crate::output::printable;

/// Whose a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whose {
    tenant: Option<TenantId>,
    slug: Option<Slug>,
    status: Option<TenantStatus>,
}

impl Whose {
    /// Nobody's: it is in the shared scope.
    pub(super) fn nobody() -> Self {
        Self {
            tenant: None,
            slug: None,
            status: None,
        }
    }

    /// That tenant's, which works.
    pub(super) fn of(context: &TenantContext) -> Self {
        Self {
            tenant: Some(context.id()),
            slug: Some(*context.slug()),
            status: Some(TenantStatus::Active),
        }
    }

    /// The tenant's slug, or its id if it is recorded no more.
    pub(super) fn name(&self) -> String {
        match (self.tenant, self.slug) {
            (None, _) => "(shared)".to_owned(),
            (Some(_), Some(slug)) => slug.to_string(),
            (Some(id), None) => id.to_string(),
        }
    }

    /// The same for programs: `tenant`, and `slug` if it is recorded.
    pub(super) fn fields(&self) -> [(&'static str, Value); 2] {
        [("tenant", json!(self.tenant)), ("slug", json!(self.slug))]
    }

    /// Why a job that waits isn't begun even if it is due; nothing if it is.
    fn hindrance(&self) -> Option<&'static str> {
        self.tenant?;
        match self.status {
            Some(TenantStatus::Active) => None,
            Some(TenantStatus::Pending) => Some("tenant not provisioned"),
            Some(TenantStatus::Suspended) => Some("tenant suspended"),
            Some(TenantStatus::Deleted) => Some("tenant deleted"),
            None => Some("tenant missing"),
        }
    }

    /// What becomes of a job that waits for such a tenant.
    fn advice(&self) -> Option<String> {
        let name = self.name();
        self.tenant?;
        match self.status {
            Some(TenantStatus::Active) => None,
            Some(TenantStatus::Pending) => Some(format!(
                "its tenant isn't provisioned: tenantry tenant provision {name} lets it run"
            )),
            Some(TenantStatus::Suspended) => Some(format!(
                "its tenant is suspended: tenantry tenant activate {name} lets it run"
            )),
            Some(TenantStatus::Deleted) | None => {
                Some("its tenant is gone: it becomes a dead letter at its turn".to_owned())
            }
        }
    }
}

/// Whose jobs are, by their scopes. Each tenant is asked for once.
pub(super) struct Names<'d> {
    service: &'d TenantService,
    known: BTreeMap<TenantId, Whose>,
}

impl<'d> Names<'d> {
    pub(super) fn of(database: &'d Database) -> Self {
        Self {
            service: database.service(),
            known: BTreeMap::new(),
        }
    }

    pub(super) fn get(&mut self, scope: JobScope) -> Result<Whose, CliError> {
        let JobScope::Tenant(id) = scope else {
            return Ok(Whose::nobody());
        };
        if let Some(whose) = self.known.get(&id) {
            return Ok(whose.clone());
        }
        let tenant = match block_on(self.service.find(id)) {
            Ok(tenant) => Some(tenant),
            Err(ServiceError::Repository(RepositoryError::NotFound { .. })) => None,
            Err(error) => return Err(error.into()),
        };
        let whose = Whose {
            tenant: Some(id),
            slug: tenant.as_ref().map(|tenant| *tenant.slug()),
            status: tenant.as_ref().map(Tenant::status),
        };
        self.known.insert(id, whose.clone());
        Ok(whose)
    }
}

/// A line of `jobs list`.
pub(super) fn row(record: &JobRecord, whose: &Whose) -> Vec<String> {
    vec![
        record.job.id().to_string(),
        whose.name(),
        record.job.kind().to_string(),
        state(record, whose),
        attempts(record),
        time(record.job.run_at()),
        first_lines(record.error.as_ref()),
    ]
}

/// A line of `jobs dead`.
pub(super) fn row_of_dead(record: &JobRecord, whose: &Whose) -> Vec<String> {
    vec![
        record.job.id().to_string(),
        whose.name(),
        record.job.kind().to_string(),
        attempts(record),
        optional_time(record.ended_at),
        record.death.map_or_else(none, |death| death.to_string()),
        first_lines(record.error.as_ref()),
    ]
}

/// A line for a job that can't be read. Its id may be anybody's text, so it is shown with escapes.
pub(super) fn line_of_unreadable(job: &UnreadableJob) -> String {
    let id = job.id.escape_debug();
    format!(
        "job {id} can't be read: {}",
        first_lines(Some(&wrong_with(job)))
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
pub(super) fn facts(
    record: &JobRecord,
    whose: &Whose,
    payload: bool,
) -> Vec<(&'static str, String)> {
    let JobRecord {
        job,
        state: is,
        token,
        lease_until,
        enqueued_at,
        ended_at,
        output,
        error,
        death,
    } = record;
    let scope = match job.scope() {
        JobScope::Tenant(id) => format!("{} ({id})", whose.name()),
        JobScope::Shared => whose.name(),
    };
    let mut facts = vec![
        ("id", job.id().to_string()),
        ("of", scope),
        ("kind", job.kind().to_string()),
        ("state", state(record, whose)),
        ("attempts", attempts(record)),
        ("due", time(job.run_at())),
        ("priority", job.priority().to_string()),
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
    ];
    if let Some(advice) = whose.advice().filter(|_| *is == JobState::Waiting) {
        facts.insert(4, ("waits", advice));
    }
    facts
}

/// The same for programs.
pub(super) fn json_of(record: &JobRecord, whose: &Whose, payload: bool) -> Value {
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
    let mut value = json!({
        "id": job.id(),
        "scope": if whose.tenant.is_some() { "tenant" } else { "shared" },
        "tenant_status": whose.status,
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
    let Some(fields) = value.as_object_mut() else {
        return value;
    };
    fields.extend(whose.fields().map(|(key, of)| (key.to_owned(), of)));
    if payload {
        let parsed = |payload: &JobPayload| payload.read::<Value>().unwrap_or(Value::Null);
        fields.insert("payload".to_owned(), parsed(job.payload()));
        fields.insert(
            "output".to_owned(),
            output.as_ref().map_or(Value::Null, parsed),
        );
    }
    value
}

/// The state, and what keeps a job that waits from being begun.
fn state(record: &JobRecord, whose: &Whose) -> String {
    match whose.hindrance() {
        Some(why) if record.state == JobState::Waiting => format!("{} ({why})", record.state),
        _ => record.state.to_string(),
    }
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

/// What fits a line of a table: the first line, and if it says only how a program ended, what that wrote first.
fn first_lines(error: Option<&JobErrorText>) -> String {
    const LONGEST: usize = 100;
    let Some(error) = error else {
        return none();
    };
    let lines = error
        .as_str()
        .lines()
        .filter(|line| !line.trim().is_empty());
    let lines: Vec<_> = lines.collect();
    let first = lines.get(..2).unwrap_or(&lines).join(": ");
    let mut shown: String = printable(&first).chars().take(LONGEST).collect();
    if lines.len() > 2 || first.chars().count() > LONGEST {
        shown.push_str(" …");
    }
    shown
}

fn content(payload: Option<&JobPayload>, shown: bool) -> String {
    match payload {
        None => none(),
        Some(payload) if shown => printable(payload.as_json()),
        Some(payload) => format!("{} bytes: --payload shows them", payload.as_json().len()),
    }
}
