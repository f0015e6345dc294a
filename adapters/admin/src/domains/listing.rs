use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenantry::Digest;
use tenantry::domains::{DomainClaim, DomainService};
use tenantry::resolution::DomainName;
use utoipa::IntoParams;

use super::model::{DomainPage, DomainView};
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::query::{Asked, invalid, next_after, page_size};
use crate::refusal::Refusal;
use crate::state::Part;
use crate::tenants::{Found, header};

/// Which domains, and how many of them at once.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Where the page begins: what the page before gave as `next`.
    #[param(
        min_length = 1,
        max_length = 243,
        pattern = "^[a-z]{1,60}\\.[a-z]{2,10}$"
    )]
    cursor: Option<String>,
    /// How many at most: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// List a tenant's domains, verified or not, by ascending name, a page at a time.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/domains",
    operation_id = "list_domains",
    params(Listing),
    responses((status = 200, description = "A page of domains.", body = DomainPage))
)]
pub(super) async fn list(
    Part(domains): Part<DomainService>,
    Found(tenant): Found,
    Asked(listing): Asked<Listing>,
) -> Result<axum::Json<DomainPage>, Refusal> {
    let Listing { cursor, limit } = listing;
    let after = cursor.map(|text| text.parse::<DomainName>()).transpose();
    let (after, size) = (after.map_err(invalid)?, page_size(limit)?);
    if after.as_ref().is_some_and(DomainName::is_single_label) {
        return Err(invalid("no page ends with a domain of one label"));
    }
    let found = domains.list(tenant.id(), after, size).await;
    let found = found.map_err(PartRefusal::Domains)?;
    let next = next_after(&found, size, |claim| claim.domain.clone());
    let items = found.into_iter().map(Into::into).collect();
    Ok(axum::Json(DomainPage { items, next }))
}

/// Read a tenant's claim on a domain: whether it is verified, and what to publish to prove it.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/domains/{domain}",
    operation_id = "read_domain",
    responses((status = 200, description = "The claim.", body = DomainView,
        headers(("ETag" = String, description = "What its release is based on."))))
)]
pub(super) async fn read(
    Part(domains): Part<DomainService>,
    Found(tenant): Found,
    InPath(domain): InPath<DomainName>,
) -> Result<Response, Refusal> {
    let claim = domains.find(tenant.id(), &domain).await;
    Ok(answer(claim.map_err(PartRefusal::Domains)?))
}

/// A claim, and the tag of its record.
pub(super) fn answer(claim: DomainClaim) -> Response {
    let tag = header(ETAG, &etag_of(&claim));
    (StatusCode::OK, tag, axum::Json(DomainView::from(claim))).into_response()
}

/// The entity tag of a claim: another one on the same domain has another challenge.
pub(super) fn etag_of(claim: &DomainClaim) -> String {
    let times = [Some(claim.claimed_at), claim.proven_at, claim.checked_at];
    let [claimed, proven, checked] =
        times.map(|time| time.map_or(0, |time| time.timestamp_micros()).to_be_bytes());
    let challenge = claim.challenge.value();
    format!(
        "\"{}\"",
        Digest::of(&[challenge.as_bytes(), &claimed, &proven, &checked])
    )
}
