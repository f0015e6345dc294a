use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use tenantry::ports::{UsageError, UsageStore};
use tenantry::usage::{
    Measure, RowCount, SeriesQuery, Size, TableSize, TenantSize, UsagePoint, UsageSample,
};
use tenantry::{BoxError, PageSize, TenantId};

use crate::shared_tables::tables::{Ended, Failure, SET_UP, Tables, time};
use crate::{SharedConnection, SqliteStore};

/// Samples of how much tenants have, in the table `tenantry_usage` of the shared file.
///
/// [`SqliteTenantRepository::set_up`](crate::SqliteTenantRepository::set_up) makes it, with a trigger that takes a tenant's samples
/// away with its record. Recording takes the shared file's write lock.
#[derive(Clone, Debug)]
pub struct SqliteUsageStore {
    tables: Tables,
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = Text)]
    tenant_id: String,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    row_count: Option<i64>,
    #[diesel(sql_type = BigInt)]
    rows_exact: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    index_bytes: i64,
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Text)]
    tables: String,
}

type Outcome<T> = Result<T, Ended<UsageError>>;

/// The last sample of every tenant that has one: each is found by the index, however many samples there are.
const LAST: &str = "WITH RECURSIVE t(id) AS (SELECT min(tenant_id) FROM public.tenantry_usage \
     UNION ALL SELECT (SELECT min(f.tenant_id) FROM public.tenantry_usage AS f WHERE f.tenant_id > t.id) \
     FROM t WHERE t.id IS NOT NULL) \
     SELECT u.tenant_id, u.at, u.row_count, u.rows_exact, u.bytes, u.index_bytes FROM t \
     JOIN public.tenantry_usage AS u ON u.tenant_id = t.id \
     AND u.at = (SELECT max(l.at) FROM public.tenantry_usage AS l WHERE l.tenant_id = t.id)";

impl SqliteUsageStore {
    /// The samples in the shared file of `store`. Opens nothing yet.
    pub fn new(store: &SqliteStore) -> Self {
        Self {
            tables: Tables::new(store),
        }
    }
}

impl Total {
    fn into_size(self) -> Result<TenantSize, BoxError> {
        let rows = match (self.row_count, self.rows_exact) {
            (None, _) => RowCount::Unknown,
            (Some(rows), 0) => RowCount::Estimate(u64::try_from(rows)?),
            (Some(rows), _) => RowCount::Exact(u64::try_from(rows)?),
        };
        Ok(TenantSize {
            tenant: self.tenant_id.parse()?,
            at: time(self.at)?,
            size: Size {
                rows,
                bytes: u64::try_from(self.bytes)?,
                index_bytes: u64::try_from(self.index_bytes)?,
            },
        })
    }
}

impl Kept {
    fn into_sample(self, tenant: TenantId) -> Result<UsageSample, BoxError> {
        Ok(UsageSample {
            tenant,
            at: time(self.at)?,
            tables: serde_json::from_str(&self.tables)?,
        })
    }
}

fn record(connection: &mut SharedConnection, samples: &[UsageSample]) -> Outcome<()> {
    for sample in samples {
        let mut tables: Vec<TableSize> = sample.tables.iter().map(kept).collect();
        tables.sort_by(|one, two| one.table.cmp(&two.table));
        let total = sample.total();
        sql_query(
            "INSERT INTO public.tenantry_usage \
             (tenant_id, at, row_count, rows_exact, bytes, index_bytes, tables) VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (tenant_id, at) DO UPDATE SET row_count = excluded.row_count, \
             rows_exact = excluded.rows_exact, bytes = excluded.bytes, index_bytes = excluded.index_bytes, \
             tables = excluded.tables",
        )
        .bind::<Text, _>(sample.tenant.to_string())
        .bind::<BigInt, _>(sample.at.timestamp_micros())
        .bind::<Nullable<BigInt>, _>(total.rows.number().map(clamped))
        .bind::<BigInt, _>(i64::from(matches!(total.rows, RowCount::Exact(_))))
        .bind::<BigInt, _>(clamped(total.bytes))
        .bind::<BigInt, _>(clamped(total.index_bytes))
        .bind::<Text, _>(serde_json::to_string(&tables).map_err(BoxError::from)?)
        .execute(connection)?;
    }
    Ok(())
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn kept(table: &TableSize) -> TableSize {
    let Size {
        rows,
        bytes,
        index_bytes,
    } = table.size;
    let most = i64::MAX.unsigned_abs();
    TableSize {
        table: table.table.clone(),
        size: Size {
            rows,
            bytes: bytes.min(most),
            index_bytes: index_bytes.min(most),
        },
    }
}

fn latest(connection: &mut SharedConnection, tenant: TenantId) -> Outcome<Option<UsageSample>> {
    let rows: Vec<Kept> = sql_query(
        "SELECT at, tables FROM public.tenantry_usage WHERE tenant_id = ? ORDER BY at DESC LIMIT 1",
    )
    .bind::<Text, _>(tenant.to_string())
    .load(connection)?;
    let sample = rows.into_iter().next();
    Ok(sample.map(|row| row.into_sample(tenant)).transpose()?)
}

/// Of each part of the time the last sample that has what is asked for: beside a `max`, SQLite gives the columns of its row.
/// Whole numbers are divided as [`SeriesQuery::part`] does.
fn series(connection: &mut SharedConnection, query: &SeriesQuery) -> Outcome<Vec<UsagePoint>> {
    let (from, until) = (
        query.from.timestamp_micros(),
        query.until.timestamp_micros(),
    );
    let with_table = match query.table {
        Some(_) => {
            "AND EXISTS (SELECT 1 FROM json_each(u.tables) AS e WHERE e.value ->> '$.table' = ?) "
        }
        None => "",
    };
    let statement = sql_query(format!(
        "SELECT max(u.at) AS at, u.tables FROM public.tenantry_usage AS u WHERE u.tenant_id = ? \
         AND u.at >= ? AND u.at < ? {with_table}GROUP BY (u.at - ?) * ? / ? ORDER BY 1"
    ))
    .into_boxed::<diesel::sqlite::Sqlite>()
    .bind::<Text, _>(query.tenant.to_string())
    .bind::<BigInt, _>(from)
    .bind::<BigInt, _>(until);
    let statement = match &query.table {
        Some(table) => statement.bind::<Text, _>(table),
        None => statement,
    };
    let rows: Vec<Kept> = statement
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(i64::from(query.points.number()))
        .bind::<BigInt, _>(until.saturating_sub(from))
        .load(connection)?;
    let points: Result<Vec<_>, BoxError> = rows.into_iter().map(|row| point(query, row)).collect();
    Ok(points?)
}

fn point(query: &SeriesQuery, row: Kept) -> Result<UsagePoint, BoxError> {
    let sample = row.into_sample(query.tenant)?;
    let size = match &query.table {
        None => sample.total(),
        Some(wanted) => {
            let mut tables = sample.tables.iter();
            let found = tables.find(|table| table.table == *wanted);
            found.map_or(Size::NONE, |table| table.size)
        }
    };
    Ok(UsagePoint {
        at: sample.at,
        size,
    })
}

fn top(connection: &mut SharedConnection, by: Measure, size: PageSize) -> Outcome<Vec<TenantSize>> {
    let measure = match by {
        Measure::Rows => "coalesce(u.row_count, 0)",
        Measure::Bytes => "u.bytes",
        Measure::IndexBytes => "u.index_bytes",
        Measure::TotalBytes => "u.bytes + u.index_bytes",
    };
    let rows: Vec<Total> = sql_query(format!(
        "{LAST} ORDER BY {measure} DESC, u.tenant_id LIMIT ?"
    ))
    .bind::<BigInt, _>(i64::from(size.number()))
    .load(connection)?;
    let sizes: Result<Vec<_>, _> = rows.into_iter().map(Total::into_size).collect();
    Ok(sizes?)
}

fn quiet(
    connection: &mut SharedConnection,
    since: DateTime<Utc>,
    after: Option<TenantId>,
    size: PageSize,
) -> Outcome<Vec<TenantSize>> {
    let rows: Vec<Total> = sql_query(format!(
        "{LAST} WHERE t.id > ? AND (SELECT count(*) FROM public.tenantry_usage AS q \
         WHERE q.tenant_id = t.id AND q.at >= ?) >= 2 \
         AND NOT EXISTS (SELECT 1 FROM public.tenantry_usage AS q WHERE q.tenant_id = t.id AND q.at >= ? \
         AND (q.row_count IS NOT u.row_count OR q.rows_exact <> u.rows_exact OR q.bytes <> u.bytes \
         OR q.index_bytes <> u.index_bytes)) ORDER BY u.tenant_id LIMIT ?"
    ))
    .bind::<Text, _>(after.map(|after| after.to_string()).unwrap_or_default())
    .bind::<BigInt, _>(since.timestamp_micros())
    .bind::<BigInt, _>(since.timestamp_micros())
    .bind::<BigInt, _>(i64::from(size.number()))
    .load(connection)?;
    let sizes: Result<Vec<_>, _> = rows.into_iter().map(Total::into_size).collect();
    Ok(sizes?)
}

fn prune(connection: &mut SharedConnection, before: DateTime<Utc>, size: PageSize) -> Outcome<u64> {
    let gone = sql_query(
        "DELETE FROM public.tenantry_usage WHERE rowid IN \
         (SELECT o.rowid FROM public.tenantry_usage AS o WHERE o.at < ? ORDER BY o.at LIMIT ?)",
    )
    .bind::<BigInt, _>(before.timestamp_micros())
    .bind::<BigInt, _>(i64::from(size.number()))
    .execute(connection)?;
    Ok(gone as u64)
}

fn failed(failure: Failure<UsageError>) -> UsageError {
    match failure {
        Failure::Known(error) => error,
        Failure::Unreadable(source) => UsageError::Unreadable { source },
        Failure::Unavailable(source) => UsageError::Unavailable { source },
        Failure::NotSetUp(source) => UsageError::NotSetUp {
            advice: SET_UP,
            source,
        },
        Failure::Failed(source) => UsageError::Failed { source },
    }
}

#[async_trait]
impl UsageStore for SqliteUsageStore {
    async fn record(&self, samples: &[UsageSample]) -> Result<(), UsageError> {
        if samples.len() > usize::from(PageSize::MAX) {
            return Err(UsageError::TooMany {
                given: samples.len(),
                most: PageSize::MAX,
            });
        }
        let samples = samples.to_vec();
        let done = self
            .tables
            .write(move |connection| record(connection, &samples));
        done.await.map_err(failed)
    }

    async fn latest(&self, tenant: TenantId) -> Result<Option<UsageSample>, UsageError> {
        let found = self
            .tables
            .read(move |connection| latest(connection, tenant));
        found.await.map_err(failed)
    }

    async fn series(&self, query: &SeriesQuery) -> Result<Vec<UsagePoint>, UsageError> {
        if query.until <= query.from {
            return Ok(Vec::new());
        }
        let query = query.clone();
        let points = self
            .tables
            .read(move |connection| series(connection, &query));
        points.await.map_err(failed)
    }

    async fn top(&self, by: Measure, size: PageSize) -> Result<Vec<TenantSize>, UsageError> {
        let sizes = self
            .tables
            .read(move |connection| top(connection, by, size));
        sizes.await.map_err(failed)
    }

    async fn quiet(
        &self,
        since: DateTime<Utc>,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Result<Vec<TenantSize>, UsageError> {
        let sizes = self
            .tables
            .read(move |connection| quiet(connection, since, after, size));
        sizes.await.map_err(failed)
    }

    async fn prune(&self, before: DateTime<Utc>, size: PageSize) -> Result<u64, UsageError> {
        let gone = self
            .tables
            .write(move |connection| prune(connection, before, size));
        gone.await.map_err(failed)
    }

    async fn forget(&self, tenant: TenantId) -> Result<(), UsageError> {
        let done = self.tables.write(move |connection| {
            sql_query("DELETE FROM public.tenantry_usage WHERE tenant_id = ?")
                .bind::<Text, _>(tenant.to_string())
                .execute(connection)?;
            Ok(())
        });
        done.await.map_err(failed)
    }
}
