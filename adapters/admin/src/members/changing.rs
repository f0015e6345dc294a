use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tenantry::TenantId;
use tenantry::membership::rules::Asker;
use tenantry::membership::{MembershipService, Role, Subject};

use super::listing::{answer, etag_of, role_of};
use super::model::{MemberView, NewMemberBody, RoleBody};
use crate::access::Operator;
use crate::audit::Act;
use crate::body::{Json, Nothing};
use crate::part_refusal::PartRefusal;
use crate::path::{Base, InPath, segment};
use crate::precondition::IfMatch;
use crate::refusal::Refusal;
use crate::state::{Admin, Part};
use crate::tenants::{Found, header};

/// Make somebody a member of a tenant: its first owner, too.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/members",
    operation_id = "add_member",
    request_body = NewMemberBody,
    responses((status = 201, description = "The member.", body = MemberView,
        headers(
            ("ETag" = String, description = "What a change of it is based on."),
            ("Location" = String, description = "Where it is."))))
)]
pub(super) async fn add(
    State(admin): State<Admin>,
    Part(members): Part<MembershipService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    base: Base,
    Json(body): Json<NewMemberBody>,
) -> Result<Response, Refusal> {
    let subject = Subject::new(body.subject).map_err(PartRefusal::from)?;
    let role = role(&body.role)?;
    let act = Act::in_tenant(tenant.id(), "member.add", &subject).with(json!({ "role": role }));
    let added = async {
        let added = members.add(tenant.id(), subject.clone(), role, &Asker::Operator);
        Ok(added.await.map_err(PartRefusal::Members)?)
    };
    admin.audited(&operator, act, added).await?;
    let path = format!(
        "tenants/{}/members/{}",
        tenant.id(),
        segment(subject.as_str())
    );
    let location = header(LOCATION, &base.path(path));
    let answer = answer(StatusCode::CREATED, subject, role);
    Ok((location, answer).into_response())
}

/// Give a member another role. The last owner keeps theirs.
#[utoipa::path(
    patch,
    path = "/api/tenants/{tenant}/members/{subject}",
    operation_id = "change_member",
    request_body = RoleBody,
    responses((status = 200, description = "The member as they are now.", body = MemberView,
        headers(("ETag" = String, description = "What a further change is based on."))))
)]
pub(super) async fn change(
    State(admin): State<Admin>,
    Part(members): Part<MembershipService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    InPath(subject): InPath<Subject>,
    based_on: IfMatch,
    Json(body): Json<RoleBody>,
) -> Result<Response, Refusal> {
    let role = role(&body.role)?;
    let (tenant, by) = (tenant.id(), Asker::Operator);
    let expected = expected(&members, tenant, &subject, &based_on).await?;
    let act = Act::in_tenant(tenant, "member.change", &subject).with(json!({ "role": role }));
    let changed = async {
        let subject = subject.clone();
        let changed = match expected {
            Some(expected) => {
                members
                    .set_role_if(tenant, subject, expected, role, &by)
                    .await
            }
            None => members.set_role(tenant, subject, role, &by).await,
        };
        Ok(changed.map_err(PartRefusal::Members)?)
    };
    admin.audited(&operator, act, changed).await?;
    Ok(answer(StatusCode::OK, subject, role))
}

/// Make somebody no member of a tenant any more. The last owner stays.
#[utoipa::path(
    delete,
    path = "/api/tenants/{tenant}/members/{subject}",
    operation_id = "remove_member",
    responses((status = 204, description = "They are no member."))
)]
pub(super) async fn remove(
    State(admin): State<Admin>,
    Part(members): Part<MembershipService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    InPath(subject): InPath<Subject>,
    based_on: IfMatch,
    _: Nothing,
) -> Result<StatusCode, Refusal> {
    let (tenant, by) = (tenant.id(), Asker::Operator);
    let expected = expected(&members, tenant, &subject, &based_on).await?;
    let act = Act::in_tenant(tenant, "member.remove", &subject);
    let removed = async {
        let removed = match expected {
            Some(expected) => members.remove_if(tenant, subject, expected, &by).await,
            None => members.remove(tenant, subject, &by).await,
        };
        Ok(removed.map_err(PartRefusal::Members)?)
    };
    admin.audited(&operator, act, removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn role(text: &str) -> Result<Role, PartRefusal> {
    Ok(text.parse()?)
}

/// What the member has to be still when the change is made; none if whatever they are.
async fn expected(
    members: &MembershipService,
    tenant: TenantId,
    subject: &Subject,
    based_on: &IfMatch,
) -> Result<Option<Role>, PartRefusal> {
    let role = role_of(members, tenant, subject).await?;
    match based_on.holds(&etag_of(role)) {
        None => Ok(None),
        Some(true) => Ok(Some(role)),
        Some(false) => Err(PartRefusal::Stale),
    }
}
