use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tenantry::membership::rules::Asker;
use tenantry::membership::{InvitationId, Invitee, MembershipService, NewInvitation};
use utoipa::IntoParams;

use super::changing::role;
use super::model::{InvitationPage, IssuedView, NewInvitationBody};
use crate::access::Operator;
use crate::audit::Act;
use crate::body::{Json, Nothing};
use crate::part_refusal::PartRefusal;
use crate::path::InPath;
use crate::query::{Asked, invalid, next_after, page_size};
use crate::refusal::Refusal;
use crate::state::{Admin, Part};
use crate::tenants::Found;

/// Which invitations, and how many of them at once.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Where the page begins: what the page before gave as `next`.
    #[param(pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    cursor: Option<String>,
    /// How many at most: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// List a tenant's invitations, those that have expired too, a page at a time. No token is shown.
#[utoipa::path(
    get,
    path = "/api/tenants/{tenant}/invitations",
    operation_id = "list_invitations",
    params(Listing),
    responses((status = 200, description = "A page of invitations.", body = InvitationPage))
)]
pub(super) async fn list(
    Part(members): Part<MembershipService>,
    Found(tenant): Found,
    Asked(listing): Asked<Listing>,
) -> Result<axum::Json<InvitationPage>, Refusal> {
    let Listing { cursor, limit } = listing;
    let after = cursor.map(|text| text.parse::<InvitationId>()).transpose();
    let (after, size) = (after.map_err(invalid)?, page_size(limit)?);
    let found = members.invitations(tenant.id(), after, size).await;
    let found = found.map_err(PartRefusal::Members)?;
    let next = next_after(&found, size, |invitation| invitation.id);
    let items = found.into_iter().map(Into::into).collect();
    Ok(axum::Json(InvitationPage { items, next }))
}

/// Invite somebody into a tenant. The answer has the token, which isn't shown again.
#[utoipa::path(
    post,
    path = "/api/tenants/{tenant}/invitations",
    operation_id = "invite_member",
    request_body = NewInvitationBody,
    responses((status = 201, description = "The invitation, and its token.", body = IssuedView))
)]
pub(super) async fn invite(
    State(admin): State<Admin>,
    Part(members): Part<MembershipService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    Json(body): Json<NewInvitationBody>,
) -> Result<(StatusCode, axum::Json<IssuedView>), Refusal> {
    let new = body.checked()?;
    let target = new.invitee.as_ref().map(ToString::to_string);
    let target = target.unwrap_or_else(|| "whoever has the token".into());
    let act = Act::in_tenant(tenant.id(), "invitation.make", target)
        .with(json!({ "role": new.role, "valid_for_seconds": new.valid_for.as_secs() }));
    let invited = async {
        let issued = members.invite(tenant.id(), new, &Asker::Operator).await;
        Ok(issued.map_err(PartRefusal::Members)?)
    };
    let issued = admin.audited(&operator, act, invited).await?;
    Ok((StatusCode::CREATED, axum::Json(issued.into())))
}

/// Withdraw an invitation. One that was used or withdrawn before is no error: nobody can accept it either way.
#[utoipa::path(
    delete,
    path = "/api/tenants/{tenant}/invitations/{invitation}",
    operation_id = "withdraw_invitation",
    responses((status = 204, description = "Nobody can accept it any more."))
)]
pub(super) async fn withdraw(
    State(admin): State<Admin>,
    Part(members): Part<MembershipService>,
    Extension(operator): Extension<Operator>,
    Found(tenant): Found,
    InPath(id): InPath<InvitationId>,
    _: Nothing,
) -> Result<StatusCode, Refusal> {
    let act = Act::in_tenant(tenant.id(), "invitation.withdraw", id);
    let withdrawn = async {
        let withdrawn = members.withdraw(tenant.id(), id, &Asker::Operator).await;
        Ok(withdrawn.map_err(PartRefusal::Members)?)
    };
    admin.audited(&operator, act, withdrawn).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl NewInvitationBody {
    fn checked(self) -> Result<NewInvitation, PartRefusal> {
        let most = NewInvitation::LONGEST.as_secs();
        let usual = NewInvitation::USUAL.as_secs();
        let seconds = self.valid_for_seconds.unwrap_or(usual);
        if !(1..=most).contains(&seconds) {
            return Err(PartRefusal::Validity { least: 1, most });
        }
        let invitee = self
            .invitee
            .map(|text| text.parse::<Invitee>())
            .transpose()?;
        Ok(NewInvitation {
            role: role(&self.role)?,
            invitee,
            valid_for: Duration::from_secs(seconds),
        })
    }
}
