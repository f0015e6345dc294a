use chrono::{DateTime, Utc};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
use tenantry::membership::{
    Invitation, InvitationId, Invitee, IssuedInvitation, Member, Role, Subject,
};
use utoipa::ToSchema;

/// What a member may do in a tenant. Each role may do what the lesser ones may.
#[derive(ToSchema)]
#[schema(as = Role, rename_all = "snake_case")]
#[expect(dead_code, reason = "the core's roles, as the document shows them")]
pub(crate) enum RoleView {
    /// Reads.
    Viewer,
    /// Works.
    Member,
    /// Manages viewers and members, too.
    Admin,
    /// Does everything.
    Owner,
}

/// Somebody who may act in a tenant.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberView {
    /// Who, as the host's sign-in names them.
    #[schema(value_type = String)]
    pub(super) subject: Subject,
    /// What they may do.
    #[schema(value_type = RoleView)]
    pub(super) role: Role,
}

/// Somebody who may act in a tenant, and since when.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedMember {
    /// Who, as the host's sign-in names them.
    #[schema(value_type = String)]
    subject: Subject,
    /// What they may do.
    #[schema(value_type = RoleView)]
    role: Role,
    /// Since when they are a member.
    #[schema(value_type = String, format = DateTime)]
    since: DateTime<Utc>,
}

impl From<Member> for ListedMember {
    fn from(member: Member) -> Self {
        let Member {
            subject,
            role,
            since,
        } = member;
        Self {
            subject,
            role,
            since,
        }
    }
}

/// Some of a tenant's members, by ascending subject.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberPage {
    /// The members.
    pub(super) items: Vec<ListedMember>,
    /// The cursor of the next page, if there may be one.
    #[schema(value_type = Option<String>)]
    pub(super) next: Option<Subject>,
}

/// A member to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMemberBody {
    /// Who, as the host's sign-in names them. `system` is nobody.
    #[schema(min_length = 1, max_length = 200, pattern = "^(?!system$)[!-~]+$")]
    pub(super) subject: String,
    /// What they may do.
    #[schema(value_type = RoleView)]
    pub(super) role: String,
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBody {
    /// What the member may do from now on.
    #[schema(value_type = RoleView)]
    pub(super) role: String,
}

/// A way into a tenant that waits to be accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationView {
    /// Its identity, by which it is withdrawn.
    #[schema(value_type = String, format = "uuid")]
    id: InvitationId,
    /// As what.
    #[schema(value_type = RoleView)]
    role: Role,
    /// Who alone may accept it: `subject:…` or `email:…`; whoever has the token, if absent.
    #[schema(value_type = Option<String>)]
    invitee: Option<Invitee>,
    /// Which member gave it; an operator, if absent.
    #[schema(value_type = Option<String>)]
    invited_by: Option<Subject>,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    made_at: DateTime<Utc>,
    /// From when on it isn't accepted any more.
    #[schema(value_type = String, format = DateTime)]
    expires_at: DateTime<Utc>,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let Invitation {
            id,
            tenant: _,
            role,
            invitee,
            invited_by,
            token: _,
            made_at,
            expires_at,
        } = invitation;
        Self {
            id,
            role,
            invitee,
            invited_by,
            made_at,
            expires_at,
        }
    }
}

/// Some of a tenant's invitations, those that have expired too.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationPage {
    /// The invitations.
    pub(super) items: Vec<InvitationView>,
    /// The cursor of the next page, if there may be one.
    #[schema(value_type = Option<String>)]
    pub(super) next: Option<InvitationId>,
}

/// An invitation to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitationBody {
    /// As what.
    #[schema(value_type = RoleView)]
    pub(super) role: String,
    /// Who alone may accept it: `subject:…` or `email:…`; whoever has the token, if absent.
    #[schema(
        max_length = 206,
        pattern = "^(subject:(?!system$)[!-~]{1,198}|email:[a-z]{1,60}@[a-z.]{1,60})$"
    )]
    pub(super) invitee: Option<String>,
    /// For how many seconds: a week, unless it is given, and 30 days at most.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 2_592_000)]
    pub(super) valid_for_seconds: Option<u64>,
}

/// A whole number, which JSON may write with a fraction of nothing: `60` and `60.0` are one number.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let whole = number.as_u64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0);
        float.and_then(|float| format!("{float:.0}").parse().ok())
    });
    let refused = || D::Error::custom(format_args!("{number} isn't a whole number of seconds"));
    whole.map(Some).ok_or_else(refused)
}

/// An invitation that was just made, and its token, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedView {
    /// The invitation.
    invitation: InvitationView,
    /// What it is accepted by: for whoever is invited, and nobody else.
    token: String,
}

impl From<IssuedInvitation> for IssuedView {
    fn from(issued: IssuedInvitation) -> Self {
        Self {
            token: issued.token.expose(),
            invitation: issued.invitation.into(),
        }
    }
}
