use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::block_on;
use serde::{Deserialize, Serialize};
use tenantry::ports::{ScopeMode, TenantRepository};
use tenantry::{Actor, BoxError, Slug, TenantContext};

use crate::error::chain;
use crate::scopes::{enter, floor_of, grouped, mode_name, perform};
use crate::timing::one_by_one;
use crate::{Effort, Fleet, Goal, Percentiles, Subject, Work};

/// What an application may spend on keeping its tenants apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// From what a request says to an active tenant.
    Resolution,
    /// Entering a scope and leaving it.
    SchemaSwitch,
    /// From a job's envelope to a handler inside its tenant.
    JobOverhead,
    /// From a key to the tenant's own key.
    CacheKey,
    /// Resolve, enter, leave: a request without its query.
    WholeRequest,
}

impl Operation {
    /// All of the budget, in the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Resolution,
        Self::SchemaSwitch,
        Self::JobOverhead,
        Self::CacheKey,
        Self::WholeRequest,
    ];

    /// How long it may take.
    pub fn target(self) -> Duration {
        match self {
            Self::Resolution | Self::SchemaSwitch => Duration::from_millis(5),
            Self::JobOverhead | Self::WholeRequest => Duration::from_millis(10),
            Self::CacheKey => Duration::from_millis(1),
        }
    }

    /// Its name in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolution => "tenant resolution",
            Self::SchemaSwitch => "schema switch",
            Self::JobOverhead => "job overhead",
            Self::CacheKey => "cache key transform",
            Self::WholeRequest => "whole request",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A row of the budget, as it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// On what.
    pub operation: Operation,
    /// How it was done.
    pub how: String,
    /// How long it took, one by one.
    #[serde(flatten)]
    pub times: Percentiles,
}

/// Times what a request pays, one operation at a time, in a random tenant of many: the dearest way to be asked.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn budget<S: Subject>(subject: &S, fleet: &Fleet, effort: &Effort) -> Vec<Spent> {
    let repository = subject.repository();
    let any = || fleet.random(effort.many);
    let among = format!("one of {}", grouped(fleet.size().min(effort.many)));
    let spent = |operation, how: String, work: &mut dyn FnMut()| Spent {
        operation,
        how: format!("{how}, {among}"),
        times: one_by_one(effort.latencies, work),
    };
    let mut rows = vec![spent(
        Operation::Resolution,
        "by slug, asking the store".to_owned(),
        &mut || drop(resolve_or_panic(&repository, any().slug().as_str())),
    )];
    for mode in subject.modes() {
        rows.push(spent(
            Operation::SchemaSwitch,
            mode_name(*mode).to_owned(),
            &mut || enter(subject, any(), *mode, Work::Nothing),
        ));
    }
    for mode in subject.modes() {
        rows.push(spent(
            Operation::WholeRequest,
            mode_name(*mode).to_owned(),
            &mut || {
                let context = resolve_or_panic(&repository, any().slug().as_str());
                enter(subject, &context, *mode, Work::Nothing);
            },
        ));
    }
    rows
}

/// Times a warm session scope with one point read and the same read on the floor, in turns and at each pace, if the
/// subject has a goal for it.
///
/// # Errors
/// If the floor's connection can't be made.
///
/// # Panics
/// If the subject fails while it is measured.
pub fn goals<S: Subject>(
    subject: &S,
    fleet: &Fleet,
    effort: &Effort,
) -> Result<Vec<Goal>, BoxError> {
    let Some(limit) = subject.goal() else {
        return Ok(Vec::new());
    };
    let (mode, work) = (ScopeMode::Session, Work::PointRead);
    let operation = format!("{}, warm tenant: {}", mode_name(mode), work.as_str());
    let mut floor = subject.floor(fleet.warm())?;
    Ok(Goal::at_each_pace(
        [&operation, &floor_of(mode, work)],
        limit,
        effort,
        || enter(subject, fleet.warm(), mode, work),
        || perform(&mut *floor, false, work),
    ))
}

fn resolve_or_panic(repository: &Arc<dyn TenantRepository>, text: &str) -> TenantContext {
    match resolve(repository, text) {
        Ok(context) => context,
        Err(error) => panic!("\"tenant resolution\" failed: {}", chain(&*error)),
    }
}

fn resolve(repository: &Arc<dyn TenantRepository>, text: &str) -> Result<TenantContext, BoxError> {
    let slug = Slug::new(text)?;
    let tenant = block_on(repository.find_by_slug(&slug))?;
    Ok(TenantContext::of(&tenant, Actor::system())?)
}
