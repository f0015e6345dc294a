use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenantry::{Tenant, TenantStatus};

use super::actions::Action;
use super::{Chosen, Field};
use crate::access::Right;
use crate::pages::failure::Failure;
use crate::pages::html::Page;
use crate::pages::shell::{Place, Section, Shell};
use crate::pages::visit::Visit;
use crate::pages::words::{moment, tone_of};
use crate::pages::work::Work;
use crate::precondition::etag_of;

/// One tenant's record, and what can be done with it.
pub(in crate::pages) async fn show(chosen: Chosen) -> Result<Page<OnePage>, Failure> {
    let page = OnePage::new(&chosen.visit, chosen.tenant).await?;
    Ok(Page::ok(page))
}

#[derive(Template)]
#[template(path = "tenant/one.html")]
pub(in crate::pages) struct OnePage {
    shell: Shell,
    tag: String,
    watching: bool,
    pub(super) problem: Option<String>,
    may_change: bool,
    pub(super) name: Field,
    pub(super) settings: Field,
    actions: Vec<Action>,
    tenant: Tenant,
}

impl OnePage {
    pub(super) async fn new(visit: &Visit, tenant: Tenant) -> Result<Self, Failure> {
        let work = visit.work_on(&tenant).await?;
        let watching = work == Work::Running;
        let manages = visit.operator.may(Right::Manage);
        let actions = Action::offered(&tenant, &visit.operator);
        Ok(Self {
            shell: visit.in_tenant(&tenant, Place::Tenant(Section::Record)),
            tag: etag_of(&tenant),
            watching,
            problem: match work {
                Work::Ended(problem) => Some(problem),
                Work::Idle | Work::Running => None,
            },
            may_change: manages && tenant.status() != TenantStatus::Deleted,
            name: Field::of(tenant.name().as_str()),
            settings: Field::of(written(&tenant)),
            actions: if watching { Vec::new() } else { actions },
            tenant,
        })
    }

    /// The same page, as the answer to a change that wasn't made.
    pub(super) fn refused(self, status: StatusCode) -> Page<Self> {
        Page(status, self)
    }

    /// The same page, whose field says what is wrong with it.
    pub(super) fn wrong(self) -> Response {
        self.refused(StatusCode::UNPROCESSABLE_ENTITY)
            .into_response()
    }

    /// The same page: somebody pressed a button without meaning it.
    pub(super) fn unconfirmed(mut self) -> Response {
        let slug = self.tenant.slug();
        self.problem = Some(format!("Nothing was done: type {slug} to confirm it."));
        self.wrong()
    }
}

fn written(tenant: &Tenant) -> String {
    let value = tenant.settings().to_value();
    serde_json::to_string_pretty(&value).unwrap_or_default()
}
