use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenantry::{PageRequest, PageSize, TenantFilter};

use crate::access::Right;
use crate::pages::failure::Failure;
use crate::pages::shell::Section;
use crate::pages::visit::Visit;
use crate::refusal::Refusal;
use crate::tenants::Named;

const OFFERED: u16 = 12;

/// The tenant to go to, and from which page.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Target {
    tenant: String,
    to: String,
}

/// Goes to the same page about another tenant.
pub(in crate::pages) async fn switch(
    visit: Visit,
    Query(target): Query<Target>,
) -> Result<Response, Failure> {
    visit.demand(Right::Read)?;
    let named = Named::of(target.tenant.trim()).ok_or(Refusal::TenantUnknown)?;
    let tenant = visit.admin.tenant(&visit.operator, named).await?;
    let section = Section::of(&target.to);
    let target = visit.tenant_at(tenant.slug(), section.path());
    Ok((StatusCode::SEE_OTHER, [(LOCATION, target)]).into_response())
}

/// Options for the switch: slugs, which need no escaping.
pub(in crate::pages) async fn slugs(
    visit: Visit,
    Query(target): Query<Target>,
) -> Result<Response, Failure> {
    visit.demand(Right::Read)?;
    let text = target.tenant.trim();
    let filter = match text {
        "" => TenantFilter::default(),
        text => TenantFilter::search(text),
    };
    let size = PageSize::new(OFFERED).unwrap_or_default();
    let request = PageRequest::first(size);
    let page = visit.admin.tenants(&visit.operator, &filter, request);
    let page = page.await?;
    let options = page
        .items
        .iter()
        .map(|tenant| format!("<option value=\"{}\"></option>", tenant.slug()));
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, options.collect::<String>()).into_response())
}
