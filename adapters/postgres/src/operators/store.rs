use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::result::{DatabaseErrorKind, Error};
use tenantry::operators::{OperatorAccount, Session, SignInLink, StoredSession};
use tenantry::ports::{OperatorStore, OperatorStoreError};
use tenantry::{Actor, BoxError, Digest, PageSize};

use super::row::{AccountRow, Changed, LinkRow, SessionRow};
use super::sql::{OF_AN_ACCOUNT, Sql};
use crate::failure::{Failure, SET_UP};
use crate::repository::statement::Statement;
use crate::repository::store::{Store, StoreError};
use crate::{PostgresConfig, PostgresSchemaProvider, SharedSchema, TenantPool};

/// Operators' accounts, one-time links and sessions, in the tables `tenantry_operators`, `tenantry_sign_in_links` and
/// `tenantry_operator_sessions` of the shared schema.
///
/// [`SharedMigrations::of_tenantry`](crate::SharedMigrations::of_tenantry) makes them. Every process that has the database has
/// the same sessions, and an end of one is an end everywhere, at the next request.
///
/// # Cost in round trips
/// Every method is one statement. [`PostgresOperatorStore::new`] keeps one connection for it, on which calls take turns: one
/// round trip. [`PostgresOperatorStore::over`] a pool borrows a connection of the shared scope: one more on entering and one
/// on leaving, for any number of calls at once.
#[derive(Clone, Debug)]
pub struct PostgresOperatorStore {
    store: Store,
    sql: Sql,
}

impl PostgresOperatorStore {
    /// The operators in the schema `public` of this database, over one connection. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, &SharedSchema::default())
    }

    /// The operators in another shared schema, over one connection.
    pub fn in_schema(config: PostgresConfig, shared: &SharedSchema) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
            sql: Sql::new(shared),
        }
    }

    /// The operators in the pool's shared schema, over the pool. For a server.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            sql: Sql::new(&pool.settings().shared_schema),
            store: Store::Pool(pool),
        }
    }

    async fn accounts_of(
        &self,
        statement: Statement,
    ) -> Result<Vec<OperatorAccount>, OperatorStoreError> {
        let rows = self.store.load::<AccountRow>(statement).await;
        rows.map_err(failed)?.into_iter().map(read).collect()
    }

    async fn change(&self, statement: Statement) -> Result<u64, OperatorStoreError> {
        let rows = self.store.load::<Changed>(statement).await;
        let changed = rows.map_err(failed)?.first().map_or(0, |row| row.changed);
        Ok(u64::try_from(changed).unwrap_or_default())
    }

    /// A change that needs somebody's account.
    async fn change_of(
        &self,
        actor: &Actor,
        statement: Statement,
    ) -> Result<(), OperatorStoreError> {
        match self.store.load::<Changed>(statement).await {
            Ok(_) => Ok(()),
            Err(StoreError::Statement(Error::DatabaseError(
                DatabaseErrorKind::ForeignKeyViolation,
                said,
            ))) if said
                .constraint_name()
                .is_some_and(|name| OF_AN_ACCOUNT.contains(&name)) =>
            {
                Err(OperatorStoreError::AccountUnknown {
                    actor: actor.clone(),
                })
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn read<R, T: TryFrom<R, Error = BoxError>>(row: R) -> Result<T, OperatorStoreError> {
    row.try_into()
        .map_err(|source| OperatorStoreError::Unreadable { source })
}

fn failed(error: impl Into<Failure>) -> OperatorStoreError {
    match error.into() {
        Failure::Unavailable(source) => OperatorStoreError::Unavailable { source },
        Failure::NotSetUp(source) => OperatorStoreError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => OperatorStoreError::Failed { source },
    }
}

#[async_trait]
impl OperatorStore for PostgresOperatorStore {
    async fn put(&self, account: &OperatorAccount) -> Result<(), OperatorStoreError> {
        self.change(self.sql.put(account)).await.map(drop)
    }

    async fn find(&self, actor: &Actor) -> Result<Option<OperatorAccount>, OperatorStoreError> {
        let found = self.accounts_of(self.sql.find(actor)).await?;
        Ok(found.into_iter().next())
    }

    async fn accounts(
        &self,
        after: Option<Actor>,
        size: PageSize,
    ) -> Result<Vec<OperatorAccount>, OperatorStoreError> {
        self.accounts_of(self.sql.accounts(after.as_ref(), size))
            .await
    }

    async fn remove(&self, actor: &Actor) -> Result<(), OperatorStoreError> {
        self.change(self.sql.remove(actor)).await.map(drop)
    }

    async fn add_link(&self, link: &SignInLink) -> Result<(), OperatorStoreError> {
        self.change_of(&link.actor, self.sql.add_link(link)).await
    }

    async fn take_link(&self, token: &Digest) -> Result<Option<SignInLink>, OperatorStoreError> {
        let rows = self.store.load::<LinkRow>(self.sql.take_link(token)).await;
        let link = rows.map_err(failed)?.into_iter().next();
        link.map(read).transpose()
    }

    async fn begin_session(
        &self,
        session: &Session,
        replaced: Option<Digest>,
    ) -> Result<(), OperatorStoreError> {
        let statement = self.sql.begin_session(session, replaced);
        self.change_of(&session.actor, statement).await
    }

    async fn session(&self, token: &Digest) -> Result<Option<StoredSession>, OperatorStoreError> {
        let rows = self.store.load::<SessionRow>(self.sql.session(token)).await;
        let found = rows.map_err(failed)?.into_iter().next();
        found.map(read).transpose()
    }

    async fn touch_session(
        &self,
        token: &Digest,
        seen_at: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        let statement = self.sql.touch_session(token, seen_at);
        self.change(statement).await.map(drop)
    }

    async fn end_session(&self, token: &Digest) -> Result<(), OperatorStoreError> {
        self.change(self.sql.end_session(token)).await.map(drop)
    }

    async fn end_all(&self, actor: &Actor) -> Result<u64, OperatorStoreError> {
        self.change(self.sql.end_all(actor)).await
    }

    async fn sweep(
        &self,
        now: DateTime<Utc>,
        begun: DateTime<Utc>,
        seen: DateTime<Utc>,
    ) -> Result<(), OperatorStoreError> {
        self.change(self.sql.sweep(now, begun, seen))
            .await
            .map(drop)
    }
}
