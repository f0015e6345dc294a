//! The shop's accounts as Tenantry's tenants.

mod changes;
mod failure;
mod row;

use async_trait::async_trait;
use diesel::dsl::{now, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use tenantry::ports::{RepositoryError, TenantKey, TenantRepository};
use tenantry::{Page, PageRequest, Slug, Tenant, TenantFilter, TenantId, TenantStatus, Version};
use tenantry_postgres::{SharedConnection, TenantPool};

use self::failure::Failure;
use self::row::{Account, NewAccount};
use crate::schema::accounts;

// ANCHOR: repository
/// The shop's accounts, as the tenants that they are.
///
/// # Cost
/// One statement for each method, in a scope of the pool. `update` and `remove` are prepared each time, which is one
/// round trip more.
#[derive(Clone, Debug)]
pub struct AccountRepository {
    pool: TenantPool,
}

impl AccountRepository {
    /// The accounts in the database of this pool.
    pub fn new(pool: TenantPool) -> Self {
        Self { pool }
    }

    /// Runs `work` on a thread that may block, and says what a failure means.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        match self.attempt(work).await {
            Ok(value) => Ok(value),
            Err(failure) => Err(self.explained(failure).await),
        }
    }

    async fn attempt<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, Failure> {
        self.pool
            .shared_async(move |connection| Ok(work(connection)?))
            .await
    }

    /// Whether the columns are there is asked only when something failed.
    async fn explained(&self, failure: Failure) -> RepositoryError {
        match failure.explained() {
            RepositoryError::Failed { source } => match self.attempt(failure::is_set_up).await {
                Ok(false) => RepositoryError::NotSetUp {
                    advice: "run the shop's migrations of the shared schema",
                    source,
                },
                _ => RepositoryError::Failed { source },
            },
            error => error,
        }
    }
}

#[async_trait]
impl TenantRepository for AccountRepository {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        let (account, status) = (NewAccount::from(tenant), tenant.status());
        let inserted = self.attempt(move |connection| {
            let frozen = status == TenantStatus::Suspended;
            let closed = status == TenantStatus::Deleted;
            diesel::insert_into(accounts::table)
                .values((
                    account,
                    frozen.then(|| accounts::frozen_at.eq(now)),
                    closed.then(|| accounts::closed_at.eq(now)),
                ))
                .execute(connection)
        });
        let Err(failure) = inserted.await else {
            return Ok(());
        };
        match failure::taken(&failure, tenant) {
            Some(key) => Err(RepositoryError::AlreadyExists { key }),
            None => Err(self.explained(failure).await),
        }
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        let query = accounts::table
            .filter(accounts::tenant_id.eq(id.as_uuid()))
            .select(Account::as_select());
        let found = self.run(move |connection| query.first(connection).optional());
        let key = TenantKey::Id(id);
        found
            .await?
            .ok_or(RepositoryError::NotFound { key })?
            .into_tenant()
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        let query = accounts::table
            .filter(accounts::handle.eq(slug.to_string()))
            .select(Account::as_select());
        let found = self.run(move |connection| query.first(connection).optional());
        let key = TenantKey::Slug(*slug);
        found
            .await?
            .ok_or(RepositoryError::NotFound { key })?
            .into_tenant()
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        let filter = filter.clone();
        let found = self.run(move |connection| listed(connection, filter, page));
        let tenants: Result<Vec<Tenant>, RepositoryError> =
            found.await?.into_iter().map(Account::into_tenant).collect();
        Ok(Page::from_lookahead(tenants?, page.size))
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        let (id, tenant) = (tenant.id(), tenant.clone());
        let outcome = self.run(move |connection| changes::update(connection, &tenant, expected));
        outcome.await?.check(id, expected)
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        let outcome = self.run(move |connection| changes::remove(connection, id, expected));
        outcome.await?.check(id, expected)
    }
}
// ANCHOR_END: repository

// ANCHOR: list
/// One account more than the page holds, which tells whether there is a next one.
fn listed(
    connection: &mut SharedConnection,
    filter: TenantFilter,
    page: PageRequest,
) -> QueryResult<Vec<Account>> {
    let TenantFilter { statuses, search } = filter;
    let mut query = accounts::table.select(Account::as_select()).into_boxed();
    if let Some(cursor) = page.after {
        query = query.filter(accounts::tenant_id.gt(cursor.last_seen().as_uuid()));
    }
    if !statuses.is_empty() {
        let statuses = statuses.into_iter().map(TenantStatus::as_str);
        query = query.filter(accounts::tenant_status.eq_any(statuses));
    }
    if let Some(search) = search {
        // PostgreSQL has no text with a NUL in it, so no account has one.
        if search.contains('\0') {
            return Ok(Vec::new());
        }
        // The collation folds ASCII letters alone, and `strpos` knows no patterns.
        let text = search.to_ascii_lowercase();
        query = query.filter(
            sql::<Bool>("(strpos(lower(handle COLLATE \"C\"), ")
                .bind::<Text, _>(text.clone())
                .sql(") > 0 OR strpos(lower(display_name COLLATE \"C\"), ")
                .bind::<Text, _>(text)
                .sql(") > 0)"),
        );
    }
    query
        .order(accounts::tenant_id)
        .limit(i64::from(page.size.number()) + 1)
        .load(connection)
}
// ANCHOR_END: list
