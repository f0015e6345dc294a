use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid};
use tenantry::membership::{
    Invitation, InvitationId, Member, Membership, Role, RosterVersion, Standing, Subject,
};
use tenantry::{BoxError, TenantId};

/// How many rows a statement changed.
#[derive(QueryableByName)]
pub(super) struct Changed {
    #[diesel(sql_type = BigInt)]
    pub(super) changed: i64,
}

#[derive(QueryableByName)]
pub(super) struct RoleRow {
    #[diesel(sql_type = Text)]
    pub(super) role: String,
}

#[derive(QueryableByName)]
pub(super) struct StandingRow {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = BigInt)]
    owners: i64,
    #[diesel(sql_type = Array<Text>)]
    subjects: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    roles: Vec<String>,
}

#[derive(QueryableByName)]
pub(super) struct MemberRow {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Timestamptz)]
    since: DateTime<Utc>,
}

#[derive(QueryableByName)]
pub(super) struct MembershipRow {
    #[diesel(sql_type = Uuid)]
    tenant_id: uuid::Uuid,
    #[diesel(sql_type = Text)]
    role: String,
}

#[derive(QueryableByName)]
pub(super) struct InvitationRow {
    #[diesel(sql_type = Uuid)]
    id: uuid::Uuid,
    #[diesel(sql_type = Uuid)]
    tenant_id: uuid::Uuid,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Text>)]
    invitee: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    invited_by: Option<String>,
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = Timestamptz)]
    made_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
}

impl TryFrom<RoleRow> for Role {
    type Error = BoxError;

    fn try_from(row: RoleRow) -> Result<Self, BoxError> {
        Ok(row.role.parse()?)
    }
}

impl TryFrom<StandingRow> for Standing {
    type Error = BoxError;

    fn try_from(row: StandingRow) -> Result<Self, BoxError> {
        let pairs = row.subjects.into_iter().zip(row.roles);
        let roles: Result<_, BoxError> = pairs
            .map(|(subject, role)| Ok((Subject::new(subject)?, role.parse::<Role>()?)))
            .collect();
        Ok(Self {
            version: RosterVersion::new(row.version)?,
            owners: u64::try_from(row.owners)?,
            roles: roles?,
        })
    }
}

impl TryFrom<MemberRow> for Member {
    type Error = BoxError;

    fn try_from(row: MemberRow) -> Result<Self, BoxError> {
        Ok(Self {
            subject: Subject::new(row.subject)?,
            role: row.role.parse()?,
            since: row.since,
        })
    }
}

impl TryFrom<MembershipRow> for Membership {
    type Error = BoxError;

    fn try_from(row: MembershipRow) -> Result<Self, BoxError> {
        Ok(Self {
            tenant: TenantId::from_uuid(row.tenant_id)?,
            role: row.role.parse()?,
        })
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = BoxError;

    fn try_from(row: InvitationRow) -> Result<Self, BoxError> {
        Ok(Self {
            id: InvitationId::from_uuid(row.id)?,
            tenant: TenantId::from_uuid(row.tenant_id)?,
            role: row.role.parse()?,
            invitee: row.invitee.map(|text| text.parse()).transpose()?,
            invited_by: row.invited_by.map(Subject::new).transpose()?,
            token: row.token.parse()?,
            made_at: row.made_at,
            expires_at: row.expires_at,
        })
    }
}
