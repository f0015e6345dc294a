use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use tenantry::domains::DomainService;
use tenantry::resolution::DomainName;

use super::listing::{answer, etag_of};
use super::model::{DomainView, NewDomainBody};
use crate::access::Operator;
use crate::audit::Act;
use crate::body::{Json, Nothing};
use crate::part_refusal::PartRefusal;
use crate::path::{Base, InPath};
use crate::precondition::IfMatch;
use crate::refusal::Refusal;
use crate::state::{Admin, Part};
use crate::tenants::{Found, header};

/// Claim a domain for a tenant.
///
/// The answer says what to publish in the domain's DNS. A claim alone gives nothing and keeps nobody away; a domain that the
/// tenant has claimed already keeps its challenge.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/domains",
    operation_id = "claim_domain",
    request_body = NewDomainBody,
    responses((status = 200, description = "The claim.", body = DomainView,
        headers(
            ("ETag" = String, description = "What its release is based on."),
            ("Location" = String, description = "Where it is."))))
)]
pub(super) async fn claim(
    State(admin): State<Admin>,
    Part(domains): Part<DomainService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    base: Base,
    Json(body): Json<NewDomainBody>,
) -> Result<Response, Refusal> {
    let domain: DomainName = body.domain.parse().map_err(PartRefusal::DomainName)?;
    let act = Act::in_tenant(tenant.id(), "domain.claim", &domain);
    let path = format!("tenants/{}/domains/{domain}", tenant.id());
    let claimed = async {
        let claim = domains.claim(tenant.id(), domain).await;
        Ok(claim.map_err(PartRefusal::Domains)?)
    };
    let claim = admin.audited(&operator, act, claimed).await?;
    let location = header(LOCATION, &base.path(path));
    Ok((location, answer(claim)).into_response())
}

/// Look for the record that proves a domain, and give the tenant the domain if it is there.
///
/// Whoever else had it, and can't prove it now, loses it.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/domains/{domain}/check",
    operation_id = "check_domain",
    responses((status = 200, description = "The claim, which is verified.", body = DomainView,
        headers(("ETag" = String, description = "What its release is based on."))))
)]
pub(super) async fn check(
    State(admin): State<Admin>,
    Part(domains): Part<DomainService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    InPath(domain): InPath<DomainName>,
    _: Nothing,
) -> Result<Response, Refusal> {
    let claim = domains.find(tenant.id(), &domain).await;
    claim.map_err(PartRefusal::Domains)?;
    let act = Act::in_tenant(tenant.id(), "domain.check", &domain);
    let checked = async {
        let claim = domains.verify(tenant.id(), &domain).await;
        Ok(claim.map_err(PartRefusal::Domains)?)
    };
    Ok(answer(admin.audited(&operator, act, checked).await?))
}

/// Give a tenant's domain up. It is free at once.
#[utoipa::path(
    delete,
    path = "/api/tenants/{tenant}/domains/{domain}",
    operation_id = "release_domain",
    responses((status = 204, description = "The tenant has no claim on it any more."))
)]
pub(super) async fn release(
    State(admin): State<Admin>,
    Part(domains): Part<DomainService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    InPath(domain): InPath<DomainName>,
    based_on: IfMatch,
    _: Nothing,
) -> Result<StatusCode, Refusal> {
    let claim = domains.find(tenant.id(), &domain).await;
    let claim = claim.map_err(PartRefusal::Domains)?;
    if based_on.holds(&etag_of(&claim)) == Some(false) {
        return Err(PartRefusal::Stale.into());
    }
    let act = Act::in_tenant(tenant.id(), "domain.release", &domain);
    let released = async {
        let released = domains.release(tenant.id(), &domain).await;
        Ok(released.map_err(PartRefusal::Domains)?)
    };
    admin.audited(&operator, act, released).await?;
    Ok(StatusCode::NO_CONTENT)
}
