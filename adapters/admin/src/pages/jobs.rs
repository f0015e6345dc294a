//! Jobs: those of all tenants, or of one.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tenantry::PageSize;
use tenantry::Tenant;
use tenantry::jobs::{JobId, JobReach, JobScope, JobState};
use tenantry::ports::{JobFilter, JobPage, JobQueue, JobRecord, JobStats};

use super::done::Done;
use super::failure::Failure;
use super::form::Form;
use super::html::Page;
use super::shell::{Place, Section, Shell};
use super::tenants::Chosen;
use super::visit::Visit;
use crate::access::Right;
use crate::audit::Act;
use crate::jobs::{chain_of, find};
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

const ROWS: u16 = 25;

/// Which jobs.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    state: String,
    after: String,
}

/// The jobs of all tenants, and the shared ones.
pub(super) async fn list_all(
    visit: Visit,
    choice: Query<Choice>,
) -> Result<Page<JobsPage>, Failure> {
    visit.demand_everywhere(Right::Read)?;
    Ok(Page::ok(JobsPage::read(&visit, None, &choice.0).await?))
}

/// The jobs of one tenant.
pub(super) async fn list(chosen: Chosen, choice: Query<Choice>) -> Result<Page<JobsPage>, Failure> {
    let Chosen { visit, tenant } = chosen;
    Ok(Page::ok(
        JobsPage::read(&visit, Some(tenant), &choice.0).await?,
    ))
}

/// Retries, puts back or cancels a job.
pub(super) async fn change(visit: Visit, form: Form) -> Result<Response, Failure> {
    visit.demand(Right::Manage)?;
    let queue = visit.queue()?;
    let id: JobId = form
        .text("job")
        .parse()
        .map_err(|_| PartRefusal::JobUnknown)?;
    let record = find(&*queue, &visit.operator, id).await?;
    let command = JobCommand::of(form.text("do")).ok_or(Refusal::PathUnknown)?;
    let act = Act::in_chain(chain_of(&record), command.action(), id);
    let changed = async {
        let changed = match command {
            JobCommand::Retry => queue.make_due(id).await,
            JobCommand::PutBack => queue.put_back(id).await,
            JobCommand::Cancel => queue.cancel(id).await,
        };
        Ok(changed.map_err(PartRefusal::Jobs)?)
    };
    visit.admin.audited(&visit.operator, act, changed).await?;
    Ok(command.done().see(&visit.back(form.text("back"))))
}

/// What can be done with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobCommand {
    Retry,
    PutBack,
    Cancel,
}

impl JobCommand {
    const ALL: [Self; 3] = [Self::Retry, Self::PutBack, Self::Cancel];

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::PutBack => "put-back",
            Self::Cancel => "cancel",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Retry => "Retry now",
            Self::PutBack => "Put back",
            Self::Cancel => "Cancel",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Retry => "job.retry",
            Self::PutBack => "job.put_back",
            Self::Cancel => "job.cancel",
        }
    }

    fn done(self) -> Done {
        match self {
            Self::Retry => Done::JobRetried,
            Self::PutBack => Done::JobPutBack,
            Self::Cancel => Done::JobCancelled,
        }
    }

    fn fits(self, state: JobState) -> bool {
        match self {
            Self::Retry => state == JobState::Waiting,
            Self::PutBack => state == JobState::Dead,
            Self::Cancel => matches!(state, JobState::Waiting | JobState::Dead),
        }
    }
}

impl Visit {
    fn queue(&self) -> Result<Arc<dyn JobQueue>, Failure> {
        let queue = self.admin.jobs.clone();
        queue.ok_or_else(|| Refusal::PathUnknown.into())
    }
}

#[derive(Template)]
#[template(path = "jobs.html")]
pub(super) struct JobsPage {
    shell: Shell,
    tenant: Option<Tenant>,
    problem: Option<String>,
    action: String,
    stats: JobStats,
    states: [(&'static str, &'static str); 5],
    chosen: String,
    may_change: bool,
    rows: Vec<JobRow>,
    unreadable: Vec<String>,
    first: Option<String>,
    next: Option<String>,
}

struct JobRow {
    id: JobId,
    kind: String,
    state: &'static str,
    tone: &'static str,
    /// Where the tenant's page is, and what it is called.
    owner: Option<(String, String)>,
    due: DateTime<Utc>,
    attempts: String,
    error: Option<String>,
    commands: Vec<(&'static str, &'static str)>,
}

const STATES: [(&str, &str); 5] = [
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
    ("dead", "Dead letters"),
];

impl JobsPage {
    async fn read(visit: &Visit, tenant: Option<Tenant>, choice: &Choice) -> Result<Self, Failure> {
        let queue = visit.queue()?;
        let (reach, place, action) = match &tenant {
            Some(tenant) => (
                JobReach::Only(JobScope::Tenant(tenant.id())),
                Place::Tenant(Section::Jobs),
                visit.tenant_at(tenant.slug(), "/jobs"),
            ),
            None => (
                JobReach::Everything,
                Place::Jobs,
                format!("{}/jobs", visit.base),
            ),
        };
        let states: BTreeSet<JobState> = choice.state.parse().into_iter().collect();
        let chosen = if states.is_empty() { "" } else { &choice.state };
        let after: Option<JobId> = choice.after.parse().ok();
        let page = JobPage {
            after,
            size: PageSize::new(ROWS).unwrap_or_default(),
        };
        let found = queue.list(&JobFilter { reach, states }, page).await;
        let found = found.map_err(PartRefusal::Jobs)?;
        let counts = queue.stats(reach).await.map_err(PartRefusal::Jobs)?;
        let mut rows = Vec::with_capacity(found.records.len());
        for record in &found.records {
            rows.push(JobRow::of(visit, record, tenant.is_none()).await);
        }
        let unreadable = found.unreadable.iter();
        Ok(Self {
            shell: match &tenant {
                Some(tenant) => visit.in_tenant(tenant, place),
                None => visit.at(place),
            },
            problem: None,
            stats: counts,
            states: STATES,
            may_change: visit.operator.may(Right::Manage),
            rows,
            unreadable: unreadable
                .map(|job| format!("Job {} can't be read: {}.", job.id, job.source))
                .collect(),
            first: after.map(|_| format!("{action}?state={chosen}")),
            next: found
                .next
                .map(|next| format!("{action}?state={chosen}&after={next}")),
            chosen: chosen.into(),
            action,
            tenant,
        })
    }
}

impl JobRow {
    async fn of(visit: &Visit, record: &JobRecord, names_owner: bool) -> Self {
        let job = &record.job;
        let commands = JobCommand::ALL.into_iter();
        let commands = commands.filter(|command| command.fits(record.state));
        Self {
            id: job.id(),
            kind: job.kind().to_string(),
            state: word_of(record.state),
            tone: tone_of_job(record.state),
            owner: match job.scope() {
                JobScope::Tenant(tenant) if names_owner => Some(visit.named(tenant).await),
                _ => None,
            },
            due: job.run_at(),
            attempts: format!("{} of {}", job.attempts(), job.max_attempts().number()),
            error: record.error.as_ref().map(ToString::to_string),
            commands: commands.map(|it| (it.word(), it.title())).collect(),
        }
    }
}

fn word_of(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "waiting",
        JobState::Running => "running",
        JobState::Done => "done",
        JobState::Cancelled => "cancelled",
        JobState::Dead => "dead",
    }
}

fn tone_of_job(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "warn",
        JobState::Running => "wait",
        JobState::Done => "good",
        JobState::Cancelled => "gone",
        JobState::Dead => "bad",
    }
}
