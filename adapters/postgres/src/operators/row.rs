use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use tenantry::operators::{
    Identity, OperatorAccount, RightName, Session, SignInLink, StoredSession,
};
use tenantry::{Actor, BoxError, TenantId};

#[derive(QueryableByName)]
pub(super) struct AccountRow {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Array<Text>)]
    rights: Vec<String>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    tenants: Option<Vec<String>>,
}

#[derive(QueryableByName)]
pub(super) struct LinkRow {
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
pub(super) struct SessionRow {
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Nullable<Text>)]
    identity: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    begun_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    seen_at: DateTime<Utc>,
    /// Nothing if it is of no account.
    #[diesel(sql_type = Nullable<Array<Text>>)]
    rights: Option<Vec<String>>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    tenants: Option<Vec<String>>,
}

/// How many rows a statement changed.
#[derive(QueryableByName)]
pub(super) struct Changed {
    #[diesel(sql_type = BigInt)]
    pub(super) changed: i64,
}

impl TryFrom<AccountRow> for OperatorAccount {
    type Error = BoxError;

    fn try_from(row: AccountRow) -> Result<Self, BoxError> {
        let tenant = |text: String| -> Result<TenantId, BoxError> { Ok(text.parse()?) };
        let tenants = row.tenants.map(|ids| ids.into_iter().map(tenant).collect());
        let rights = row.rights.into_iter().map(RightName::new);
        Ok(Self {
            actor: Actor::named(row.actor)?,
            rights: rights.collect::<Result<_, _>>()?,
            tenants: tenants.transpose()?,
        })
    }
}

impl TryFrom<LinkRow> for SignInLink {
    type Error = BoxError;

    fn try_from(row: LinkRow) -> Result<Self, BoxError> {
        Ok(Self {
            token: row.token.parse()?,
            actor: Actor::named(row.actor)?,
            expires_at: row.expires_at,
        })
    }
}

impl TryFrom<SessionRow> for StoredSession {
    type Error = BoxError;

    fn try_from(row: SessionRow) -> Result<Self, BoxError> {
        let account = row.rights.map(|rights| AccountRow {
            actor: row.actor.clone(),
            rights,
            tenants: row.tenants,
        });
        let session = Session {
            token: row.token.parse()?,
            actor: Actor::named(row.actor)?,
            identity: row.identity.map(Identity::from_json).transpose()?,
            begun_at: row.begun_at,
            seen_at: row.seen_at,
        };
        Ok(Self {
            session,
            account: account.map(OperatorAccount::try_from).transpose()?,
        })
    }
}
