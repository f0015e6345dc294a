//! Who did what.

use askama::Template;
use axum::extract::Query;
use serde::Deserialize;
use tenantry::audit::{AuditChain, AuditEntry, AuditError, AuditLog};
use tenantry::{PageSize, Tenant};

use super::failure::{Failure, sentence_of};
use super::html::Page;
use super::shell::{Place, Section, Shell};
use super::tenants::Chosen;
use super::visit::Visit;
use super::words::count;
use crate::access::Right;
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

const ROWS: u16 = 25;

/// Which entries, and whether all of them are to be verified.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    /// Only older ones than this number.
    before: Option<u64>,
    verify: Option<u8>,
}

/// What was done to no tenant alone.
pub(super) async fn shared(
    visit: Visit,
    choice: Query<Choice>,
) -> Result<Page<AuditPage>, Failure> {
    visit.demand_everywhere(Right::Read)?;
    Ok(Page::ok(AuditPage::read(&visit, None, &choice.0).await?))
}

/// What was done to a tenant.
pub(super) async fn of_tenant(
    chosen: Chosen,
    choice: Query<Choice>,
) -> Result<Page<AuditPage>, Failure> {
    let Chosen { visit, tenant } = chosen;
    Ok(Page::ok(
        AuditPage::read(&visit, Some(tenant), &choice.0).await?,
    ))
}

#[derive(Template)]
#[template(path = "audit.html")]
pub(super) struct AuditPage {
    shell: Shell,
    tenant: Option<Tenant>,
    verdict: Option<Result<String, String>>,
    action: String,
    export: String,
    count: String,
    /// The newest first.
    entries: Vec<AuditEntry>,
    newest: Option<String>,
    older: Option<String>,
}

impl AuditPage {
    async fn read(visit: &Visit, tenant: Option<Tenant>, choice: &Choice) -> Result<Self, Failure> {
        let log = visit.admin.audit.as_ref().ok_or(Refusal::PathUnknown)?;
        let (chain, place, action) = match &tenant {
            Some(tenant) => (
                AuditChain::Tenant(tenant.id()),
                Place::Tenant(Section::Audit),
                visit.tenant_at(tenant.slug(), "/audit"),
            ),
            None => (
                AuditChain::Shared,
                Place::Audit,
                format!("{}/audit", visit.base),
            ),
        };
        let head = log.head(chain).await.map_err(PartRefusal::Audit)?;
        let length = head.map_or(0, |head| head.number);
        let before = choice.before.unwrap_or(u64::MAX).min(length + 1);
        let after = before.saturating_sub(u64::from(ROWS) + 1);
        let size = PageSize::new(ROWS).unwrap_or_default();
        let entries = log.read(chain, after, size).await;
        let mut entries = entries.map_err(PartRefusal::Audit)?;
        entries.retain(|entry| entry.number < before);
        entries.reverse();
        let verdict = match choice.verify {
            Some(_) => Some(verdict(log, chain).await?),
            None => None,
        };
        Ok(Self {
            shell: match &tenant {
                Some(tenant) => visit.in_tenant(tenant, place),
                None => visit.at(place),
            },
            verdict,
            export: visit.api(&format!("/audit/{chain}")),
            count: match length {
                1 => "1 entry".into(),
                length => format!("{} entries", count(length)),
            },
            newest: (before <= length).then(|| action.clone()),
            older: (after > 0).then(|| format!("{action}?before={}", after + 1)),
            entries,
            action,
            tenant,
        })
    }
}

/// Whether the log is what it was.
async fn verdict(log: &AuditLog, chain: AuditChain) -> Result<Result<String, String>, Failure> {
    match log.verify(chain, &[]).await {
        Ok(verified) => {
            let entries = count(verified.entries);
            Ok(Ok(match verified.head {
                Some(head) => format!(
                    "Nothing is wrong with these {entries} entries. Keep the last one's hash elsewhere: {}",
                    head.hash
                ),
                None => "There is no entry yet.".into(),
            }))
        }
        Err(error @ AuditError::Broken(_)) => Ok(Err(sentence_of(&error))),
        Err(error) => Err(PartRefusal::Audit(error).into()),
    }
}
