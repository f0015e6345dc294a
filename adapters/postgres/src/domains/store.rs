use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::result::{DatabaseErrorKind, Error};
use tenantry::domains::DomainClaim;
use tenantry::ports::{DomainError, DomainOwners, DomainStore, RepositoryError};
use tenantry::resolution::DomainName;
use tenantry::{PageSize, TenantId};

use super::sql::{self, Changed, Owner, Row};
use crate::failure::{Failure, SET_UP};
use crate::repository::statement::Statement;
use crate::repository::store::{Store, StoreError};
use crate::{PostgresConfig, PostgresSchemaProvider, SharedSchema, TenantPool};

/// Tenants' domains, in the table `tenantry_domains` of the shared schema.
///
/// [`SharedMigrations::of_tenantry`](crate::SharedMigrations::of_tenantry) makes it. Triggers tell
/// [`PostgresTenantChanges`](crate::PostgresTenantChanges) of each tenant that a domain came to or was taken from, and
/// take a tenant's domains away when its record is removed from `tenantry_tenants`; a host with records of its own calls
/// [`forget`](DomainStore::forget).
///
/// # Cost in round trips
/// Every method is one statement. [`PostgresDomainStore::new`] keeps one connection for it, on which calls take turns: one
/// round trip. [`PostgresDomainStore::over`] a pool borrows a connection of the shared scope: one more on entering and one
/// on leaving, for any number of calls at once.
#[derive(Clone, Debug)]
pub struct PostgresDomainStore {
    store: Store,
    table: String,
}

impl PostgresDomainStore {
    /// The domains in the schema `public` of this database, over one connection. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self::in_schema(config, &SharedSchema::default())
    }

    /// The domains in another shared schema, over one connection.
    pub fn in_schema(config: PostgresConfig, shared: &SharedSchema) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
            table: sql::table(shared),
        }
    }

    /// The domains in the pool's shared schema, over the pool. For a server.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            table: sql::table(&pool.settings().shared_schema),
            store: Store::Pool(pool),
        }
    }

    async fn claims(&self, statement: Statement) -> Result<Vec<DomainClaim>, DomainError> {
        let rows = self.store.load::<Row>(statement).await.map_err(failed)?;
        rows.into_iter()
            .map(|row| {
                row.try_into()
                    .map_err(|source| DomainError::Unreadable { source })
            })
            .collect()
    }

    async fn one(&self, statement: Statement) -> Result<Option<DomainClaim>, DomainError> {
        Ok(self.claims(statement).await?.into_iter().next())
    }

    async fn change(&self, statement: Statement) -> Result<(), DomainError> {
        let rows = self.store.load::<Changed>(statement).await;
        rows.map(drop).map_err(failed)
    }
}

fn failed(error: impl Into<Failure>) -> DomainError {
    match error.into() {
        Failure::Unavailable(source) => DomainError::Unavailable { source },
        Failure::NotSetUp(source) => DomainError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => DomainError::Failed { source },
    }
}

#[async_trait]
impl DomainOwners for PostgresDomainStore {
    async fn owner_of(&self, domain: &DomainName) -> Result<Option<TenantId>, RepositoryError> {
        let statement = sql::owner_of(&self.table, domain);
        let rows = self.store.load::<Owner>(statement).await;
        let rows = rows.map_err(|error| match Failure::from(error) {
            Failure::Unavailable(source) => RepositoryError::Unavailable { source },
            Failure::NotSetUp(source) => RepositoryError::NotSetUp {
                advice: SET_UP,
                source,
            },
            Failure::Failed(source) => RepositoryError::Failed { source },
        })?;
        let owner = rows
            .first()
            .map(|owner| TenantId::from_uuid(owner.tenant_id));
        owner.transpose().map_err(|error| RepositoryError::Failed {
            source: error.into(),
        })
    }
}

#[async_trait]
impl DomainStore for PostgresDomainStore {
    async fn claim(&self, claim: &DomainClaim) -> Result<DomainClaim, DomainError> {
        let stored = self.one(sql::claim(&self.table, claim)).await?;
        stored.ok_or_else(|| DomainError::Failed {
            source: "a claim was put in, and isn't there".into(),
        })
    }

    async fn find(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<Option<DomainClaim>, DomainError> {
        self.one(sql::find(&self.table, tenant, domain)).await
    }

    async fn verified(&self, domain: &DomainName) -> Result<Option<DomainClaim>, DomainError> {
        self.one(sql::verified(&self.table, domain)).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<DomainName>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        self.claims(sql::list(&self.table, tenant, after, size))
            .await
    }

    async fn unchecked_since(
        &self,
        before: DateTime<Utc>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        self.claims(sql::unchecked_since(&self.table, before, size))
            .await
    }

    async fn record(&self, next: &DomainClaim, before: &DomainClaim) -> Result<(), DomainError> {
        let domain = before.domain.clone();
        let statement = sql::record(&self.table, next, before);
        match self.store.load::<Changed>(statement).await {
            Ok(rows) if rows.iter().any(|row| row.changed > 0) => Ok(()),
            Ok(_) => Err(DomainError::Stale { domain }),
            Err(StoreError::Statement(Error::DatabaseError(
                DatabaseErrorKind::UniqueViolation,
                said,
            ))) if said.constraint_name() == Some(sql::VERIFIED) => {
                Err(DomainError::Taken { domain })
            }
            Err(error) => Err(failed(error)),
        }
    }

    async fn release(&self, tenant: TenantId, domain: &DomainName) -> Result<(), DomainError> {
        self.change(sql::release(&self.table, tenant, domain)).await
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), DomainError> {
        self.change(sql::forget(&self.table, tenant)).await
    }
}
