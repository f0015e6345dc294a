//! A tenant's own domains.

use std::ops::Deref;

use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenantry::domains::{DomainChallenge, DomainClaim, DomainService};
use tenantry::resolution::DomainName;
use tenantry::{PageSize, Tenant};

use super::done::Done;
use super::failure::{Failure, sentence_of};
use super::form::Form;
use super::html::Page;
use super::shell::{Place, Section, Shell};
use super::tenants::Chosen;
use crate::access::Right;
use crate::audit::Act;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

const ROWS: u16 = 50;

/// Where a page of claims begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct From {
    after: String,
}

/// The domains that a tenant claims.
pub(super) async fn list(chosen: Chosen, from: Query<From>) -> Result<Page<DomainsPage>, Failure> {
    let after = from.0.after.parse().ok();
    Ok(Page::ok(DomainsPage::read(chosen, after).await?))
}

/// Claims a domain.
pub(super) async fn claim(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let domains = chosen.domains(Right::Manage)?;
    let done: Result<(), Refusal> = async {
        let domain = domain_of(&form)?;
        let act = Act::in_tenant(chosen.tenant.id(), "domain.claim", &domain);
        let claimed = domains.claim(chosen.tenant.id(), domain);
        chosen
            .recorded(act, async { Ok(claimed.await.map(drop)?) })
            .await
    }
    .await;
    answer(chosen, Done::DomainClaimed, done).await
}

/// Looks for the record that proves a domain, or gives the domain up.
pub(super) async fn change(chosen: Chosen, form: Form) -> Result<Response, Failure> {
    let domains = chosen.domains(Right::Manage)?;
    let tenant = chosen.tenant.id();
    if form.text("do") == "release" {
        let done: Result<(), Refusal> = async {
            let domain = domain_of(&form)?;
            let act = Act::in_tenant(tenant, "domain.release", &domain);
            let released = domains.release(tenant, &domain);
            chosen.recorded(act, async { Ok(released.await?) }).await
        }
        .await;
        return answer(chosen, Done::DomainReleased, done).await;
    }
    let done = async {
        let domain = domain_of(&form)?;
        let act = Act::in_tenant(tenant, "domain.check", &domain);
        let checked = domains.verify(tenant, &domain);
        chosen
            .recorded(act, async { Ok(checked.await.map(drop)?) })
            .await
    }
    .await;
    answer(chosen, Done::DomainVerified, done).await
}

impl Chosen {
    fn domains(&self, right: Right) -> Result<DomainService, Failure> {
        self.visit.demand(right)?;
        let domains = self.visit.admin.domains.clone();
        domains.ok_or_else(|| Refusal::PathUnknown.into())
    }
}

fn domain_of(form: &Form) -> Result<DomainName, PartRefusal> {
    Ok(form.text("domain").trim().parse::<DomainName>()?)
}

async fn answer(
    chosen: Chosen,
    done: Done,
    outcome: Result<(), Refusal>,
) -> Result<Response, Failure> {
    let refusal = match outcome {
        Ok(()) => return Ok(done.see(&chosen.at("/domains"))),
        Err(refusal) => refusal,
    };
    // That the record couldn't be looked for is no fault of this page's.
    let status = refusal.status();
    let mut page = DomainsPage::read(chosen, None).await?;
    page.problem = Some(sentence_of(&refusal));
    Ok(Page(status, page).into_response())
}

#[derive(Template)]
#[template(path = "tenant/domains.html")]
pub(super) struct DomainsPage {
    shell: Shell,
    tenant: Tenant,
    problem: Option<String>,
    may_change: bool,
    claims: Vec<Claim>,
    first: Option<String>,
    next: Option<String>,
}

/// A claim, and where its record has to be.
struct Claim(DomainClaim);

impl Claim {
    fn record_name(&self) -> String {
        DomainChallenge::record_name(&self.0.domain)
    }
}

impl Deref for Claim {
    type Target = DomainClaim;

    fn deref(&self) -> &DomainClaim {
        &self.0
    }
}

impl DomainsPage {
    async fn read(chosen: Chosen, after: Option<DomainName>) -> Result<Self, Failure> {
        let service = chosen.domains(Right::Read)?;
        let size = PageSize::new(ROWS).unwrap_or_default();
        let found = service.list(chosen.tenant.id(), after.clone(), size).await;
        let claims = found.map_err(PartRefusal::Domains)?;
        let last = claims.last().filter(|_| claims.len() == usize::from(ROWS));
        let next = last.map(|last| chosen.at(&format!("/domains?after={}", last.domain)));
        let place = Place::Tenant(Section::Domains);
        Ok(Self {
            shell: chosen.visit.in_tenant(&chosen.tenant, place),
            problem: None,
            may_change: chosen.visit.operator.may(Right::Manage),
            claims: claims.into_iter().map(Claim).collect(),
            first: after.map(|_| chosen.at("/domains")),
            next,
            tenant: chosen.tenant,
        })
    }
}
