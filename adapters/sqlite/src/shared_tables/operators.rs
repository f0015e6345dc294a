use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use tenantry::operators::{
    Identity, OperatorAccount, RightName, Session, SignInLink, StoredSession,
};
use tenantry::ports::{OperatorStore, OperatorStoreError};
use tenantry::{Actor, BoxError, Digest, PageSize, TenantId};

use super::tables::{Ended, Failure, SET_UP, Tables, time};
use crate::{SharedConnection, SqliteStore};

/// Operators' accounts, one-time links and sessions, in tables of the shared file.
///
/// [`SqliteTenantRepository::set_up`](crate::SqliteTenantRepository::set_up) makes them. Every process that has the file has
/// the same sessions, and an end of one is an end everywhere, at the next request.
#[derive(Clone, Debug)]
pub struct SqliteOperatorStore {
    tables: Tables,
}

#[derive(QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    rights: String,
    #[diesel(sql_type = Nullable<Text>)]
    tenants: Option<String>,
}

#[derive(QueryableByName)]
struct LinkRow {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
}

#[derive(QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Nullable<Text>)]
    identity: Option<String>,
    #[diesel(sql_type = BigInt)]
    begun_at: i64,
    #[diesel(sql_type = BigInt)]
    seen_at: i64,
    /// Nothing if it is of no account.
    #[diesel(sql_type = Nullable<Text>)]
    rights: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tenants: Option<String>,
}

impl SessionRow {
    fn into_stored(self, token: Digest) -> Result<StoredSession, BoxError> {
        let account = self.rights.map(|rights| AccountRow {
            actor: self.actor.clone(),
            rights,
            tenants: self.tenants,
        });
        let session = Session {
            token,
            actor: Actor::named(self.actor)?,
            identity: self.identity.map(Identity::from_json).transpose()?,
            begun_at: time(self.begun_at)?,
            seen_at: time(self.seen_at)?,
        };
        let account = account.map(OperatorAccount::try_from).transpose()?;
        Ok(StoredSession { session, account })
    }
}

impl SqliteOperatorStore {
    /// The operators in the shared file of `store`. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            tables: Tables::new(store),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, OperatorStoreError> {
        self.tables.read(work).await.map_err(failed)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, OperatorStoreError> {
        self.tables.write(work).await.map_err(failed)
    }
}

impl TryFrom<AccountRow> for OperatorAccount {
    type Error = BoxError;

    fn try_from(row: AccountRow) -> Result<Self, BoxError> {
        let tenant = |text: &str| -> Result<TenantId, BoxError> { Ok(text.parse()?) };
        let tenants = row
            .tenants
            .map(|ids| parts(&ids).map(tenant).collect::<Result<_, _>>());
        let rights = parts(&row.rights).map(RightName::new);
        Ok(Self {
            rights: rights.collect::<Result<_, _>>()?,
            actor: Actor::named(row.actor)?,
            tenants: tenants.transpose()?,
        })
    }
}

fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|part| !part.is_empty())
}

fn list<T: ToString>(parts: impl IntoIterator<Item = T>) -> String {
    let parts: Vec<_> = parts.into_iter().map(|part| part.to_string()).collect();
    parts.join(",")
}

type Outcome<T> = Result<T, Ended<OperatorStoreError>>;

fn put(connection: &mut SharedConnection, account: &OperatorAccount) -> Outcome<()> {
    let OperatorAccount {
        actor,
        rights,
        tenants,
    } = account;
    // Not REPLACE, which would remove the row that is there, and its sessions with it.
    sql_query(
        "INSERT INTO public.tenantry_operators (actor, rights, tenants) VALUES (?, ?, ?) \
         ON CONFLICT (actor) DO UPDATE SET rights = excluded.rights, tenants = excluded.tenants",
    )
    .bind::<Text, _>(actor.as_str())
    .bind::<Text, _>(list(rights))
    .bind::<Nullable<Text>, _>(tenants.as_ref().map(list))
    .execute(connection)?;
    Ok(())
}

fn find(connection: &mut SharedConnection, actor: &Actor) -> Outcome<Option<OperatorAccount>> {
    let rows: Vec<AccountRow> =
        sql_query("SELECT actor, rights, tenants FROM public.tenantry_operators WHERE actor = ?")
            .bind::<Text, _>(actor.as_str())
            .load(connection)?;
    let account = rows.into_iter().next().map(OperatorAccount::try_from);
    Ok(account.transpose()?)
}

fn demand(connection: &mut SharedConnection, actor: &Actor) -> Outcome<()> {
    match find(connection, actor)? {
        Some(_) => Ok(()),
        None => Err(Ended::Known(OperatorStoreError::AccountUnknown {
            actor: actor.clone(),
        })),
    }
}

fn accounts(
    connection: &mut SharedConnection,
    after: Option<&Actor>,
    size: PageSize,
) -> Outcome<Vec<OperatorAccount>> {
    // No actor is the empty text.
    let rows: Vec<AccountRow> = sql_query(
        "SELECT actor, rights, tenants FROM public.tenantry_operators WHERE actor > ? ORDER BY actor LIMIT ?",
    )
    .bind::<Text, _>(after.map_or("", Actor::as_str))
    .bind::<BigInt, _>(i64::from(size.number()))
    .load(connection)?;
    let accounts: Result<Vec<_>, BoxError> = rows.into_iter().map(TryFrom::try_from).collect();
    Ok(accounts?)
}

fn add_link(connection: &mut SharedConnection, link: &SignInLink) -> Outcome<()> {
    demand(connection, &link.actor)?;
    sql_query(
        "INSERT INTO public.tenantry_sign_in_links (token, actor, expires_at) VALUES (?, ?, ?)",
    )
    .bind::<Text, _>(link.token.to_string())
    .bind::<Text, _>(link.actor.as_str())
    .bind::<BigInt, _>(link.expires_at.timestamp_micros())
    .execute(connection)?;
    Ok(())
}

fn take_link(connection: &mut SharedConnection, token: Digest) -> Outcome<Option<SignInLink>> {
    let rows: Vec<LinkRow> = sql_query(
        "DELETE FROM public.tenantry_sign_in_links WHERE token = ? RETURNING actor, expires_at",
    )
    .bind::<Text, _>(token.to_string())
    .load(connection)?;
    let link = |row: LinkRow| -> Result<SignInLink, BoxError> {
        Ok(SignInLink {
            token,
            actor: Actor::named(row.actor)?,
            expires_at: time(row.expires_at)?,
        })
    };
    Ok(rows.into_iter().next().map(link).transpose()?)
}

fn begin_session(
    connection: &mut SharedConnection,
    session: &Session,
    replaced: Option<Digest>,
) -> Outcome<()> {
    let Session {
        token,
        actor,
        identity,
        begun_at,
        seen_at,
    } = session;
    if identity.is_none() {
        demand(connection, actor)?;
    }
    if let Some(replaced) = replaced {
        end_session(connection, &replaced)?;
    }
    sql_query(
        "INSERT INTO public.tenantry_operator_sessions (token, actor, identity, begun_at, seen_at) \
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind::<Text, _>(token.to_string())
    .bind::<Text, _>(actor.as_str())
    .bind::<Nullable<Text>, _>(identity.as_ref().map(Identity::as_json))
    .bind::<BigInt, _>(begun_at.timestamp_micros())
    .bind::<BigInt, _>(seen_at.timestamp_micros())
    .execute(connection)?;
    Ok(())
}

/// In one statement: the session and the account are of one moment.
fn session(connection: &mut SharedConnection, token: Digest) -> Outcome<Option<StoredSession>> {
    let rows: Vec<SessionRow> = sql_query(
        "SELECT s.actor, s.identity, s.begun_at, s.seen_at, a.rights, a.tenants \
         FROM public.tenantry_operator_sessions AS s LEFT JOIN public.tenantry_operators AS a \
         ON s.identity IS NULL AND a.actor = s.actor WHERE s.token = ?",
    )
    .bind::<Text, _>(token.to_string())
    .load(connection)?;
    let stored = rows.into_iter().next().map(|row| row.into_stored(token));
    Ok(stored.transpose()?)
}

fn end_session(connection: &mut SharedConnection, token: &Digest) -> Outcome<()> {
    sql_query("DELETE FROM public.tenantry_operator_sessions WHERE token = ?")
        .bind::<Text, _>(token.to_string())
        .execute(connection)?;
    Ok(())
}

fn end_all(connection: &mut SharedConnection, actor: &Actor) -> Outcome<u64> {
    sql_query("DELETE FROM public.tenantry_sign_in_links WHERE actor = ?")
        .bind::<Text, _>(actor.as_str())
        .execute(connection)?;
    let ended = sql_query("DELETE FROM public.tenantry_operator_sessions WHERE actor = ?")
        .bind::<Text, _>(actor.as_str())
        .execute(connection)?;
    Ok(u64::try_from(ended).unwrap_or(u64::MAX))
}

fn remove(connection: &mut SharedConnection, actor: &Actor) -> Outcome<()> {
    end_all(connection, actor)?;
    sql_query("DELETE FROM public.tenantry_operators WHERE actor = ?")
        .bind::<Text, _>(actor.as_str())
        .execute(connection)?;
    Ok(())
}

fn failed(failure: Failure<OperatorStoreError>) -> OperatorStoreError {
    match failure {
        Failure::Known(error) => error,
        Failure::Unreadable(source) => OperatorStoreError::Unreadable { source },
        Failure::Unavailable(source) => OperatorStoreError::Unavailable { source },
        Failure::NotSetUp(source) => OperatorStoreError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => OperatorStoreError::Failed { source },
    }
}

#[async_trait]
impl OperatorStore for SqliteOperatorStore {
    async fn put(&self, account: &OperatorAccount) -> Result<(), OperatorStoreError> {
        let account = account.clone();
        self.write(move |connection| put(connection, &account))
            .await
    }

    async fn find(&self, actor: &Actor) -> Result<Option<OperatorAccount>, OperatorStoreError> {
        let actor = actor.clone();
        self.read(move |connection| find(connection, &actor)).await
    }

    async fn accounts(
        &self,
        after: Option<Actor>,
        size: PageSize,
    ) -> Result<Vec<OperatorAccount>, OperatorStoreError> {
        self.read(move |connection| accounts(connection, after.as_ref(), size))
            .await
    }

    async fn remove(&self, actor: &Actor) -> Result<(), OperatorStoreError> {
        let actor = actor.clone();
        self.write(move |connection| remove(connection, &actor))
            .await
    }

    async fn add_link(&self, link: &SignInLink) -> Result<(), OperatorStoreError> {
        let link = link.clone();
        self.write(move |connection| add_link(connection, &link))
            .await
    }

    async fn take_link(&self, token: &Digest) -> Result<Option<SignInLink>, OperatorStoreError> {
        let token = *token;
        self.write(move |connection| take_link(connection, token))
            .await
    }

    async fn begin_session(
        &self,
        session: &Session,
        replaced: Option<Digest>,
    ) -> Result<(), OperatorStoreError> {
        let session = session.clone();
        self.write(move |connection| begin_session(connection, &session, replaced))
            .await
    }

    async fn session(&self, token: &Digest) -> Result<Option<StoredSession>, OperatorStoreError> {
        let token = *token;
        self.read(move |connection| session(connection, token))
            .await
    }

    async fn touch_session(
        &self,
        token: &Digest,
        seen_at: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        let (token, seen_at) = (token.to_string(), seen_at.timestamp_micros());
        self.write(move |connection| {
            sql_query(
                "UPDATE public.tenantry_operator_sessions SET seen_at = max(seen_at, ?) WHERE token = ?",
            )
            .bind::<BigInt, _>(seen_at)
            .bind::<Text, _>(token)
            .execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn end_session(&self, token: &Digest) -> Result<(), OperatorStoreError> {
        let token = *token;
        self.write(move |connection| end_session(connection, &token))
            .await
    }

    async fn end_all(&self, actor: &Actor) -> Result<u64, OperatorStoreError> {
        let actor = actor.clone();
        self.write(move |connection| end_all(connection, &actor))
            .await
    }

    async fn sweep(
        &self,
        now: DateTime<Utc>,
        begun: DateTime<Utc>,
        seen: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        self.write(move |connection| {
            sql_query("DELETE FROM public.tenantry_sign_in_links WHERE expires_at <= ?")
                .bind::<BigInt, _>(now.timestamp_micros())
                .execute(connection)?;
            sql_query(
                "DELETE FROM public.tenantry_operator_sessions WHERE begun_at <= ? OR seen_at <= ?",
            )
            .bind::<BigInt, _>(begun.timestamp_micros())
            .bind::<BigInt, _>(seen.timestamp_micros())
            .execute(connection)?;
            Ok(())
        })
        .await
    }
}
