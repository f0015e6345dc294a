use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use tenantry::domains::{DomainChallenge, DomainClaim};
use tenantry::ports::{DomainError, DomainOwners, DomainStore, RepositoryError};
use tenantry::resolution::DomainName;
use tenantry::{BoxError, PageSize, TenantId};

use super::tables::{Ended, Failure, SET_UP, Tables, time};
use crate::{SharedConnection, SqliteStore};

/// Tenants' domains, in the table `tenantry_domains` of the shared file.
///
/// [`SqliteTenantRepository::set_up`](crate::SqliteTenantRepository::set_up) makes it, with triggers that tell
/// [`SqliteTenantChanges`](crate::SqliteTenantChanges) of each tenant that a domain came to or was taken from, and that
/// take a tenant's domains away with its record.
#[derive(Clone, Debug)]
pub struct SqliteDomainStore {
    tables: Tables,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    tenant_id: String,
    #[diesel(sql_type = Text)]
    domain: String,
    #[diesel(sql_type = Text)]
    challenge: String,
    #[diesel(sql_type = BigInt)]
    claimed_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    proven_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    checked_at: Option<i64>,
}

impl SqliteDomainStore {
    /// The domains in the shared file of `store`. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            tables: Tables::new(store),
        }
    }
}

impl Row {
    fn into_claim(self) -> Result<DomainClaim, BoxError> {
        Ok(DomainClaim {
            tenant: self.tenant_id.parse()?,
            domain: DomainName::new(&self.domain)?,
            challenge: DomainChallenge::from_value(&self.challenge)?,
            claimed_at: time(self.claimed_at)?,
            proven_at: self.proven_at.map(time).transpose()?,
            checked_at: self.checked_at.map(time).transpose()?,
        })
    }
}

type Outcome<T> = Result<T, Ended<DomainError>>;

const SELECT: &str = "SELECT tenant_id, domain, challenge, claimed_at, proven_at, checked_at \
    FROM public.tenantry_domains";

fn claims(rows: Vec<Row>) -> Outcome<Vec<DomainClaim>> {
    let claims: Result<Vec<_>, _> = rows.into_iter().map(Row::into_claim).collect();
    Ok(claims?)
}

fn find(
    connection: &mut SharedConnection,
    tenant: TenantId,
    domain: &DomainName,
) -> Outcome<Option<DomainClaim>> {
    let rows = sql_query(format!("{SELECT} WHERE tenant_id = ? AND domain = ?"))
        .bind::<Text, _>(tenant.to_string())
        .bind::<Text, _>(domain.as_str())
        .load(connection)?;
    Ok(claims(rows)?.into_iter().next())
}

fn verified(
    connection: &mut SharedConnection,
    domain: &DomainName,
) -> Outcome<Option<DomainClaim>> {
    let rows = sql_query(format!(
        "{SELECT} WHERE proven_at IS NOT NULL AND domain = ?"
    ))
    .bind::<Text, _>(domain.as_str())
    .load(connection)?;
    Ok(claims(rows)?.into_iter().next())
}

fn claim(connection: &mut SharedConnection, claim: DomainClaim) -> Outcome<DomainClaim> {
    if let Some(stored) = find(connection, claim.tenant, &claim.domain)? {
        return Ok(stored);
    }
    sql_query(
        "INSERT INTO public.tenantry_domains \
         (tenant_id, domain, challenge, claimed_at, proven_at, checked_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind::<Text, _>(claim.tenant.to_string())
    .bind::<Text, _>(claim.domain.as_str())
    .bind::<Text, _>(claim.challenge.value())
    .bind::<BigInt, _>(claim.claimed_at.timestamp_micros())
    .bind::<Nullable<BigInt>, _>(micros(claim.proven_at))
    .bind::<Nullable<BigInt>, _>(micros(claim.checked_at))
    .execute(connection)?;
    Ok(claim)
}

fn record(
    connection: &mut SharedConnection,
    next: &DomainClaim,
    before: &DomainClaim,
) -> Outcome<()> {
    let domain = before.domain.clone();
    if find(connection, before.tenant, &domain)?.as_ref() != Some(before) {
        return Err(Ended::Known(DomainError::Stale { domain }));
    }
    let owner = verified(connection, &domain)?;
    if next.is_verified() && owner.is_some_and(|owner| owner.tenant != before.tenant) {
        return Err(Ended::Known(DomainError::Taken { domain }));
    }
    sql_query(
        "UPDATE public.tenantry_domains SET proven_at = ?, checked_at = ? WHERE tenant_id = ? AND domain = ?",
    )
    .bind::<Nullable<BigInt>, _>(micros(next.proven_at))
    .bind::<Nullable<BigInt>, _>(micros(next.checked_at))
    .bind::<Text, _>(before.tenant.to_string())
    .bind::<Text, _>(domain.as_str())
    .execute(connection)?;
    Ok(())
}

fn list(
    connection: &mut SharedConnection,
    tenant: TenantId,
    after: Option<DomainName>,
    size: PageSize,
) -> Outcome<Vec<DomainClaim>> {
    // No domain is the empty text.
    let after = after.map(String::from).unwrap_or_default();
    let sql = format!("{SELECT} WHERE tenant_id = ? AND domain > ? ORDER BY domain LIMIT ?");
    claims(
        sql_query(sql)
            .bind::<Text, _>(tenant.to_string())
            .bind::<Text, _>(after)
            .bind::<BigInt, _>(i64::from(size.number()))
            .load(connection)?,
    )
}

fn unchecked_since(
    connection: &mut SharedConnection,
    before: DateTime<Utc>,
    size: PageSize,
) -> Outcome<Vec<DomainClaim>> {
    let sql = format!(
        "{SELECT} WHERE proven_at IS NOT NULL AND checked_at < ? ORDER BY checked_at, tenant_id, domain LIMIT ?"
    );
    claims(
        sql_query(sql)
            .bind::<BigInt, _>(before.timestamp_micros())
            .bind::<BigInt, _>(i64::from(size.number()))
            .load(connection)?,
    )
}

fn micros(time: Option<DateTime<Utc>>) -> Option<i64> {
    time.map(|time| time.timestamp_micros())
}

fn failed(failure: Failure<DomainError>) -> DomainError {
    match failure {
        Failure::Known(error) => error,
        Failure::Unreadable(source) => DomainError::Unreadable { source },
        Failure::Unavailable(source) => DomainError::Unavailable { source },
        Failure::NotSetUp(source) => DomainError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => DomainError::Failed { source },
    }
}

#[async_trait]
impl DomainOwners for SqliteDomainStore {
    async fn owner_of(&self, domain: &DomainName) -> Result<Option<TenantId>, RepositoryError> {
        let owner = DomainStore::verified(self, domain).await;
        match owner {
            Ok(owner) => Ok(owner.map(|claim| claim.tenant)),
            Err(DomainError::Unavailable { source }) => {
                Err(RepositoryError::Unavailable { source })
            }
            Err(DomainError::NotSetUp { advice, source }) => {
                Err(RepositoryError::NotSetUp { advice, source })
            }
            Err(error) => Err(RepositoryError::Failed {
                source: error.into(),
            }),
        }
    }
}

#[async_trait]
impl DomainStore for SqliteDomainStore {
    async fn claim(&self, new: &DomainClaim) -> Result<DomainClaim, DomainError> {
        let new = new.clone();
        let stored = self.tables.write(move |connection| claim(connection, new));
        stored.await.map_err(failed)
    }

    async fn find(
        &self,
        tenant: TenantId,
        domain: &DomainName,
    ) -> Result<Option<DomainClaim>, DomainError> {
        let domain = domain.clone();
        let found = self
            .tables
            .read(move |connection| find(connection, tenant, &domain));
        found.await.map_err(failed)
    }

    async fn verified(&self, domain: &DomainName) -> Result<Option<DomainClaim>, DomainError> {
        let domain = domain.clone();
        let found = self
            .tables
            .read(move |connection| verified(connection, &domain));
        found.await.map_err(failed)
    }

    async fn list(
        &self,
        tenant: TenantId,
        after: Option<DomainName>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        let page = self
            .tables
            .read(move |connection| list(connection, tenant, after, size));
        page.await.map_err(failed)
    }

    async fn unchecked_since(
        &self,
        before: DateTime<Utc>,
        size: PageSize,
    ) -> Result<Vec<DomainClaim>, DomainError> {
        let page = self
            .tables
            .read(move |connection| unchecked_since(connection, before, size));
        page.await.map_err(failed)
    }

    async fn record(&self, next: &DomainClaim, before: &DomainClaim) -> Result<(), DomainError> {
        let (next, before) = (next.clone(), before.clone());
        let done = self
            .tables
            .write(move |connection| record(connection, &next, &before));
        done.await.map_err(failed)
    }

    async fn release(&self, tenant: TenantId, domain: &DomainName) -> Result<(), DomainError> {
        let domain = domain.clone();
        let done = self.tables.write(move |connection| {
            sql_query("DELETE FROM public.tenantry_domains WHERE tenant_id = ? AND domain = ?")
                .bind::<Text, _>(tenant.to_string())
                .bind::<Text, _>(domain.as_str())
                .execute(connection)?;
            Ok(())
        });
        done.await.map_err(failed)
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), DomainError> {
        let done = self.tables.write(move |connection| {
            sql_query("DELETE FROM public.tenantry_domains WHERE tenant_id = ?")
                .bind::<Text, _>(tenant.to_string())
                .execute(connection)?;
            Ok(())
        });
        done.await.map_err(failed)
    }
}
