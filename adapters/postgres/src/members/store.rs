use async_trait::async_trait;
use diesel::query_dsl::LoadQuery;
use tenantry::membership::{
    Invitation, InvitationId, Member, Membership, MembershipChange, Role, RosterVersion, Standing,
    Subject,
};
use tenantry::ports::{MembershipError, MembershipStore};
use tenantry::{BoxError, Digest, PageSize, TenantId};

use super::row::{Changed, InvitationRow, MemberRow, MembershipRow, RoleRow, StandingRow};
use super::sql::Sql;
use crate::failure::{Failure, SET_UP};
use crate::repository::statement::Statement;
use crate::repository::store::Store;
use crate::{PostgresConfig, PostgresSchemaProvider, SharedSchema, TenantPool};

/// Tenants' members and invitations, in the tables `tenantry_rosters`, `tenantry_members` and `tenantry_invitations` of the
/// shared schema.
///
/// [`SharedMigrations::of_tenantry`](crate::SharedMigrations::of_tenantry) makes them. A trigger takes a tenant's away when
/// its record is removed from `tenantry_tenants`; a host with records of its own calls
/// [`forget`](MembershipStore::forget).
///
/// # Cost in round trips
/// Every method is one statement. [`PostgresMembershipStore::new`] keeps one connection for it, on which calls take turns:
/// one round trip. [`PostgresMembershipStore::over`] a pool borrows a connection of the shared scope: one more on entering
/// and one on leaving, for any number of calls at once.
#[derive(Clone, Debug)]
pub struct PostgresMembershipStore {
    store: Store,
    sql: Sql,
}

impl PostgresMembershipStore {
    /// The members in the schema `public` of this database, over one connection. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, &SharedSchema::default())
    }

    /// The members in another shared schema, over one connection.
    pub fn in_schema(config: PostgresConfig, shared: &SharedSchema) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
            sql: Sql::new(shared),
        }
    }

    /// The members in the pool's shared schema, over the pool. For a server.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            sql: Sql::new(&pool.settings().shared_schema),
            store: Store::Pool(pool),
        }
    }

    /// The rows of one statement, each as what it is.
    async fn read<R, T>(&self, statement: Statement) -> Result<Vec<T>, MembershipError>
    where
        R: Send + 'static,
        T: TryFrom<R, Error = BoxError>,
        Statement: for<'q> LoadQuery<'q, diesel::PgConnection, R>
            + for<'q> LoadQuery<'q, crate::SharedConnection, R>,
    {
        let rows = self.store.load::<R>(statement).await.map_err(failed)?;
        rows.into_iter()
            .map(|row| T::try_from(row).map_err(|source| MembershipError::Unreadable { source }))
            .collect()
    }
}

fn failed(error: impl Into<Failure>) -> MembershipError {
    match error.into() {
        Failure::Unavailable(source) => MembershipError::Unavailable { source },
        Failure::NotSetUp(source) => MembershipError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => MembershipError::Failed { source },
    }
}

#[async_trait]
impl MembershipStore for PostgresMembershipStore {
    async fn role_of(
        &self,
        tenant: TenantId,
        subject: &Subject,
    ) -> Result<Option<Role>, MembershipError> {
        let rows = self.read::<RoleRow, _>(self.sql.role_of(tenant, subject));
        Ok(rows.await?.into_iter().next())
    }

    async fn standing(
        &self,
        tenant: TenantId,
        subjects: &[Subject],
    ) -> Result<Standing, MembershipError> {
        let rows = self.read::<StandingRow, _>(self.sql.standing(tenant, subjects));
        Ok(rows.await?.into_iter().next().unwrap_or_default())
    }

    async fn change(
        &self,
        tenant: TenantId,
        change: &MembershipChange,
        expected: RosterVersion,
    ) -> Result<(), MembershipError> {
        let statement = self.sql.change(tenant, change, expected);
        let rows = self
            .store
            .load::<Changed>(statement)
            .await
            .map_err(failed)?;
        if rows.iter().any(|row| row.changed > 0) {
            Ok(())
        } else {
            Err(MembershipError::Stale { tenant })
        }
    }

    async fn members(
        &self,
        tenant: TenantId,
        after: Option<Subject>,
        size: PageSize,
    ) -> Result<Vec<Member>, MembershipError> {
        self.read::<MemberRow, _>(self.sql.members(tenant, after, size))
            .await
    }

    async fn memberships(
        &self,
        subject: &Subject,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<Membership>, MembershipError> {
        self.read::<MembershipRow, _>(self.sql.memberships(subject, after, size))
            .await
    }

    async fn invitations(
        &self,
        tenant: TenantId,
        after: Option<InvitationId>,
        size: PageSize,
    ) -> Result<Vec<Invitation>, MembershipError> {
        self.read::<InvitationRow, _>(self.sql.invitations(tenant, after, size))
            .await
    }

    async fn invitation(&self, token: &Digest) -> Result<Option<Invitation>, MembershipError> {
        let rows = self.read::<InvitationRow, _>(self.sql.invitation(token));
        Ok(rows.await?.into_iter().next())
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), MembershipError> {
        let rows = self.store.load::<Changed>(self.sql.forget(tenant)).await;
        rows.map(drop).map_err(failed)
    }
}
