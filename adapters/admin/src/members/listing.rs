use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenantry::TenantId;
use tenantry::membership::{
    MembershipRefused, MembershipService, MembershipServiceError, Role, Subject,
};
use utoipa::IntoParams;

use super::model::{MemberPage, MemberView};
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::query::{Asked, invalid, next_after, page_size};
use crate::refusal::Refusal;
use crate::state::Part;
use crate::tenants::{Found, header};

/// Which members, and how many of them at once.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Where the page begins: what the page before gave as `next`.
    #[param(min_length = 1, max_length = 200, pattern = "^(?!system$)[!-~]+$")]
    cursor: Option<String>,
    /// How many at most: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// List a tenant's members, by ascending subject, a page at a time.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/members",
    operation_id = "list_members",
    params(Listing),
    responses((status = 200, description = "A page of members.", body = MemberPage))
)]
pub(super) async fn list(
    Part(members): Part<MembershipService>,
    Found(tenant): Found,
    Asked(listing): Asked<Listing>,
) -> Result<axum::Json<MemberPage>, Refusal> {
    let Listing { cursor, limit } = listing;
    let (after, size) = (cursor.map(Subject::new).transpose(), page_size(limit)?);
    let after = after.map_err(invalid)?;
    let found = members.members(tenant.id(), after, size).await;
    let found = found.map_err(PartRefusal::Members)?;
    let next = next_after(&found, size, |member| member.subject.clone());
    let items = found.into_iter().map(Into::into).collect();
    Ok(axum::Json(MemberPage { items, next }))
}

/// Read what a member may do.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/members/{subject}",
    operation_id = "read_member",
    responses((status = 200, description = "The member.", body = MemberView,
        headers(("ETag" = String, description = "What a change of it is based on."))))
)]
pub(super) async fn read(
    Part(members): Part<MembershipService>,
    Found(tenant): Found,
    InPath(subject): InPath<Subject>,
) -> Result<Response, Refusal> {
    let role = role_of(&members, tenant.id(), &subject).await?;
    Ok(answer(StatusCode::OK, subject, role))
}

/// What somebody is in the tenant.
pub(super) async fn role_of(
    members: &MembershipService,
    tenant: TenantId,
    subject: &Subject,
) -> Result<Role, PartRefusal> {
    let role = members.authorise(tenant, subject, Role::Viewer).await;
    role.map_err(|error| match error {
        MembershipServiceError::Refused(MembershipRefused::Stranger { .. }) => {
            PartRefusal::MemberUnknown
        }
        error => error.into(),
    })
}

/// A member, and the tag of what they are.
pub(super) fn answer(status: StatusCode, subject: Subject, role: Role) -> Response {
    let tag = header(ETAG, &etag_of(role));
    (status, tag, axum::Json(MemberView { subject, role })).into_response()
}

/// The entity tag of a member: the role is all that can change.
pub(super) fn etag_of(role: Role) -> String {
    format!("\"{role}\"")
}
