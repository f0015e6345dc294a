use async_trait::async_trait;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use tenantry::audit::{
    AuditAction, AuditAnchor, AuditChain, AuditDetail, AuditEntry, AuditRecord, AuditTarget,
};
use tenantry::ports::{AuditStore, AuditStoreError};
use tenantry::{Actor, BoxError, PageSize};

use super::tables::{Ended, Failure, SET_UP, Tables, time};
use crate::{SharedConnection, SqliteStore};

/// The audit log, in the table `tenantry_audit` of the shared file, which refuses UPDATE and DELETE by triggers.
///
/// [`SqliteTenantRepository::set_up`](crate::SqliteTenantRepository::set_up) makes it. Whoever may write to the file can take
/// the triggers away; that the rows were changed then is what [`AuditLog::verify`](tenantry::audit::AuditLog::verify)
/// finds. Appending takes the shared file's write lock.
#[derive(Clone, Debug)]
pub struct SqliteAuditStore {
    tables: Tables,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    target: String,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Text)]
    previous: String,
    #[diesel(sql_type = Text)]
    hash: String,
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    hash: String,
}

impl SqliteAuditStore {
    /// The log in the shared file of `store`. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            tables: Tables::new(store),
        }
    }
}

impl Row {
    fn into_entry(self, chain: AuditChain) -> Result<AuditEntry, BoxError> {
        Ok(AuditEntry {
            chain,
            number: u64::try_from(self.number)?,
            at: time(self.at)?,
            actor: Actor::named(self.actor)?,
            action: AuditAction::new(self.action)?,
            target: AuditTarget::new(self.target)?,
            detail: AuditDetail::from_json(self.detail)?,
            previous: self.previous.parse()?,
            hash: self.hash.parse()?,
        })
    }
}

type Outcome<T> = Result<T, Ended<AuditStoreError>>;

fn head(connection: &mut SharedConnection, chain: AuditChain) -> Outcome<Option<AuditAnchor>> {
    let rows: Vec<Head> = sql_query(
        "SELECT number, hash FROM public.tenantry_audit WHERE chain = ? ORDER BY number DESC LIMIT 1",
    )
    .bind::<Text, _>(chain.to_string())
    .load(connection)?;
    let anchor = |head: Head| -> Result<AuditAnchor, BoxError> {
        Ok(AuditAnchor {
            chain,
            number: u64::try_from(head.number)?,
            hash: head.hash.parse()?,
        })
    };
    Ok(rows.into_iter().next().map(anchor).transpose()?)
}

fn append(connection: &mut SharedConnection, record: AuditRecord) -> Outcome<AuditEntry> {
    let last = head(connection, record.chain)?;
    let entry = AuditEntry::after(last.as_ref(), record);
    let number = i64::try_from(entry.number).map_err(BoxError::from)?;
    sql_query(
        "INSERT INTO public.tenantry_audit \
         (chain, number, at, actor, action, target, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind::<Text, _>(entry.chain.to_string())
    .bind::<BigInt, _>(number)
    .bind::<BigInt, _>(entry.at.timestamp_micros())
    .bind::<Text, _>(entry.actor.as_str())
    .bind::<Text, _>(entry.action.as_str())
    .bind::<Text, _>(entry.target.as_str())
    .bind::<Text, _>(entry.detail.as_str())
    .bind::<Text, _>(entry.previous.to_string())
    .bind::<Text, _>(entry.hash.to_string())
    .execute(connection)?;
    Ok(entry)
}

fn read(
    connection: &mut SharedConnection,
    chain: AuditChain,
    after: u64,
    size: PageSize,
) -> Outcome<Vec<AuditEntry>> {
    let rows: Vec<Row> = sql_query(
        "SELECT number, at, actor, action, target, detail, previous, hash FROM public.tenantry_audit \
         WHERE chain = ? AND number > ? ORDER BY number LIMIT ?",
    )
    .bind::<Text, _>(chain.to_string())
    .bind::<BigInt, _>(i64::try_from(after).unwrap_or(i64::MAX))
    .bind::<BigInt, _>(i64::from(size.number()))
    .load(connection)?;
    let entries: Result<Vec<_>, _> = rows.into_iter().map(|row| row.into_entry(chain)).collect();
    Ok(entries?)
}

fn failed(chain: AuditChain) -> impl Fn(Failure<AuditStoreError>) -> AuditStoreError {
    move |failure| match failure {
        Failure::Known(error) => error,
        Failure::Unreadable(source) => AuditStoreError::Unreadable { chain, source },
        Failure::Unavailable(source) => AuditStoreError::Unavailable { source },
        Failure::NotSetUp(source) => AuditStoreError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => AuditStoreError::Failed { source },
    }
}

#[async_trait]
impl AuditStore for SqliteAuditStore {
    async fn append(&self, record: &AuditRecord) -> Result<AuditEntry, AuditStoreError> {
        let (record, chain) = (record.clone(), record.chain);
        let appended = self
            .tables
            .write(move |connection| append(connection, record));
        appended.await.map_err(failed(chain))
    }

    async fn read(
        &self,
        chain: AuditChain,
        after: u64,
        size: PageSize,
    ) -> Result<Vec<AuditEntry>, AuditStoreError> {
        let page = self
            .tables
            .read(move |connection| read(connection, chain, after, size));
        page.await.map_err(failed(chain))
    }

    async fn head(&self, chain: AuditChain) -> Result<Option<AuditAnchor>, AuditStoreError> {
        let found = self.tables.read(move |connection| head(connection, chain));
        found.await.map_err(failed(chain))
    }
}
