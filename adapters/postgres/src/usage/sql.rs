//! The statements. Everything is named with its schema, so no path matters.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Timestamptz, Uuid};
use serde_json::json;
use tenantry::usage::{
    Measure, RowCount, SeriesQuery, Size, TableSize, TenantSize, UsagePoint, UsageSample,
};
use tenantry::{BoxError, PageSize, TenantId};

use crate::SharedSchema;
use crate::repository::statement::Statement;

/// All tables of a sample together.
#[derive(QueryableByName)]
pub(super) struct TotalRow {
    #[diesel(sql_type = Uuid)]
    tenant_id: uuid::Uuid,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<BigInt>)]
    row_count: Option<i64>,
    #[diesel(sql_type = Bool)]
    rows_exact: bool,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    index_bytes: i64,
}

/// What was kept of the tables of a sample, or of one of them.
#[derive(QueryableByName)]
pub(super) struct TablesRow {
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Jsonb)]
    tables: serde_json::Value,
}

#[derive(QueryableByName)]
pub(super) struct CountRow {
    #[diesel(sql_type = BigInt)]
    pub(super) number: i64,
}

impl TryFrom<TotalRow> for TenantSize {
    type Error = BoxError;

    fn try_from(row: TotalRow) -> Result<Self, BoxError> {
        let rows = match (row.row_count, row.rows_exact) {
            (None, _) => RowCount::Unknown,
            (Some(rows), true) => RowCount::Exact(u64::try_from(rows)?),
            (Some(rows), false) => RowCount::Estimate(u64::try_from(rows)?),
        };
        Ok(Self {
            tenant: TenantId::from_uuid(row.tenant_id)?,
            at: row.at,
            size: Size {
                rows,
                bytes: u64::try_from(row.bytes)?,
                index_bytes: u64::try_from(row.index_bytes)?,
            },
        })
    }
}

impl TablesRow {
    pub(super) fn into_sample(self, tenant: TenantId) -> Result<UsageSample, BoxError> {
        Ok(UsageSample {
            tenant,
            at: self.at,
            tables: serde_json::from_value(self.tables)?,
        })
    }

    /// Of a row that holds one table alone.
    pub(super) fn into_point(self) -> Result<UsagePoint, BoxError> {
        let table: TableSize = serde_json::from_value(self.tables)?;
        Ok(UsagePoint {
            at: self.at,
            size: table.size,
        })
    }
}

/// The name of what the migration makes.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    table: String,
}

const TOTALS: &str = "u.tenant_id, u.at, u.row_count, u.rows_exact, u.bytes, u.index_bytes";

impl Sql {
    pub(super) fn new(shared: &SharedSchema) -> Self {
        Self {
            table: format!("{}.tenantry_usage", shared.quoted()),
        }
    }

    pub(super) fn record(&self, samples: &[UsageSample]) -> Statement {
        // Of two of one tenant and time the later counts.
        let kept: BTreeMap<_, _> = samples
            .iter()
            .map(|sample| ((sample.tenant, sample.at.trunc_subsecs(6)), sample))
            .collect();
        let rows = kept.into_iter().map(|((tenant, at), sample)| {
            let total = sample.total();
            json!({
                "tenant_id": tenant,
                "at": at.to_rfc3339_opts(SecondsFormat::Micros, true),
                "row_count": total.rows.number().map(clamped),
                "rows_exact": matches!(total.rows, RowCount::Exact(_)),
                "bytes": clamped(total.bytes),
                "index_bytes": clamped(total.index_bytes),
                "tables": in_order(&sample.tables),
            })
        });
        let table = &self.table;
        Statement::new(format!(
            "INSERT INTO {table} AS u (tenant_id, at, row_count, rows_exact, bytes, index_bytes, tables) \
             SELECT s.tenant_id, s.at, s.row_count, s.rows_exact, s.bytes, s.index_bytes, s.tables \
             FROM pg_catalog.jsonb_to_recordset("
        ))
        .json(rows.collect())
        .sql(
            ") AS s(tenant_id uuid, at timestamptz, row_count bigint, rows_exact boolean, bytes bigint, \
             index_bytes bigint, tables jsonb) \
             ON CONFLICT (tenant_id, at) DO UPDATE SET row_count = EXCLUDED.row_count, \
             rows_exact = EXCLUDED.rows_exact, bytes = EXCLUDED.bytes, index_bytes = EXCLUDED.index_bytes, \
             tables = EXCLUDED.tables RETURNING 0::pg_catalog.int8 AS number",
        )
    }

    pub(super) fn latest(&self, tenant: TenantId) -> Statement {
        let table = &self.table;
        Statement::new(format!(
            "SELECT u.at, u.tables FROM {table} AS u WHERE u.tenant_id = "
        ))
        .uuid(tenant.as_uuid())
        .sql(" ORDER BY u.at DESC LIMIT 1")
    }

    /// Of each part of the time the last sample. Microseconds are counted as whole numbers, as [`SeriesQuery::part`] does.
    fn parts(&self, query: &SeriesQuery, columns: &str, from: &str) -> Statement {
        let span = query.until.timestamp_micros() - query.from.timestamp_micros();
        Statement::new(format!(
            "SELECT DISTINCT ON (part) {columns}, pg_catalog.div((EXTRACT(EPOCH FROM u.at - "
        ))
        .time(query.from.trunc_subsecs(6))
        .sql(") * 1000000)::pg_catalog.int8 * CAST(")
        .number(i64::from(query.points.number()))
        .sql(" AS pg_catalog.numeric), CAST(")
        .number(span.max(1))
        .sql(format!(
            " AS pg_catalog.numeric)) AS part FROM {} AS u{from} WHERE u.tenant_id = ",
            self.table
        ))
        .uuid(query.tenant.as_uuid())
        .sql(" AND u.at >= ")
        .time(query.from.trunc_subsecs(6))
        .sql(" AND u.at < ")
        .time(query.until.trunc_subsecs(6))
    }

    pub(super) fn series(&self, query: &SeriesQuery) -> Statement {
        self.parts(query, TOTALS, "")
            .sql(" ORDER BY part, u.at DESC")
    }

    pub(super) fn series_of_table(&self, query: &SeriesQuery, table: &str) -> Statement {
        let elements = " CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(u.tables) AS e(one)";
        self.parts(query, "u.at, e.one AS tables", elements)
            .sql(" AND e.one ->> 'table' = ")
            .text(table)
            .sql(" ORDER BY part, u.at DESC")
    }

    /// Every tenant that has a sample: each is found by the index, however many samples there are.
    fn tenants(&self) -> String {
        let table = &self.table;
        format!(
            "WITH RECURSIVE t(id) AS ((SELECT f.tenant_id FROM {table} AS f ORDER BY f.tenant_id LIMIT 1) \
             UNION ALL SELECT (SELECT f.tenant_id FROM {table} AS f WHERE f.tenant_id > t.id \
             ORDER BY f.tenant_id LIMIT 1) FROM t WHERE t.id IS NOT NULL) \
             SELECT {TOTALS} FROM t CROSS JOIN LATERAL (SELECT l.* FROM {table} AS l \
             WHERE l.tenant_id = t.id ORDER BY l.at DESC LIMIT 1) AS u"
        )
    }

    pub(super) fn top(&self, by: Measure, size: PageSize) -> Statement {
        let measure = match by {
            Measure::Rows => "coalesce(u.row_count, 0)",
            Measure::Bytes => "u.bytes",
            Measure::IndexBytes => "u.index_bytes",
            Measure::TotalBytes => "u.bytes::pg_catalog.numeric + u.index_bytes",
        };
        Statement::new(self.tenants())
            .sql(format!(" ORDER BY {measure} DESC, u.tenant_id LIMIT "))
            .number(i64::from(size.number()))
    }

    pub(super) fn quiet(
        &self,
        since: DateTime<Utc>,
        after: Option<TenantId>,
        size: PageSize,
    ) -> Statement {
        let table = &self.table;
        let statement = Statement::new(self.tenants()).sql(format!(
            " WHERE (SELECT count(*) >= 2 AND count(DISTINCT ROW(q.row_count, q.rows_exact, q.bytes, q.index_bytes)) = 1 \
             FROM {table} AS q WHERE q.tenant_id = t.id AND q.at >= "
        ));
        let statement = statement.time(since).sql(")");
        let statement = match after {
            Some(after) => statement.sql(" AND t.id > ").uuid(after.as_uuid()),
            None => statement,
        };
        statement
            .sql(" ORDER BY u.tenant_id LIMIT ")
            .number(i64::from(size.number()))
    }

    pub(super) fn prune(&self, before: DateTime<Utc>, size: PageSize) -> Statement {
        let table = &self.table;
        Statement::new(format!(
            "WITH gone AS (DELETE FROM {table} AS u USING (SELECT o.tenant_id, o.at FROM {table} AS o WHERE o.at < "
        ))
        .time(before)
        .sql(" ORDER BY o.at LIMIT ")
        .number(i64::from(size.number()))
        .sql(
            ") AS old WHERE u.tenant_id = old.tenant_id AND u.at = old.at RETURNING 1) \
             SELECT count(*) AS number FROM gone",
        )
    }

    pub(super) fn forget(&self, tenant: TenantId) -> Statement {
        let table = &self.table;
        Statement::new(format!("DELETE FROM {table} AS u WHERE u.tenant_id = "))
            .uuid(tenant.as_uuid())
            .sql(" RETURNING 0::pg_catalog.int8 AS number")
    }
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn in_order(tables: &[TableSize]) -> Vec<TableSize> {
    let whole = |table: &TableSize| {
        let Size {
            rows,
            bytes,
            index_bytes,
        } = table.size;
        let clamped = |number: u64| number.min(i64::MAX as u64);
        TableSize {
            table: table.table.clone(),
            size: Size {
                rows,
                bytes: clamped(bytes),
                index_bytes: clamped(index_bytes),
            },
        }
    };
    let mut tables: Vec<_> = tables.iter().map(whole).collect();
    tables.sort_by(|one, two| one.table.cmp(&two.table));
    tables
}

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    fn assert_statement(name: &str, statement: &Statement) {
        let shown = diesel::debug_query::<Pg, _>(statement).to_string();
        assert_snapshot(&format!("usage_{name}"), &shown);
    }

    #[test]
    fn the_statements_are_what_was_reviewed() {
        let sql = Sql::new(&SharedSchema::default());
        let tenant = TenantId::from_parts(DateTime::UNIX_EPOCH, [1; 10]);
        let (at, size) = (DateTime::UNIX_EPOCH, PageSize::default());
        let sample = UsageSample {
            tenant,
            at,
            tables: Vec::new(),
        };
        let query = SeriesQuery {
            tenant,
            table: None,
            from: at,
            until: at + chrono::TimeDelta::days(1),
            points: size,
        };
        assert_statement("record", &sql.record(&[sample]));
        assert_statement("latest", &sql.latest(tenant));
        assert_statement("series", &sql.series(&query));
        assert_statement("series_of_table", &sql.series_of_table(&query, "items"));
        assert_statement("top", &sql.top(Measure::TotalBytes, size));
        assert_statement("quiet", &sql.quiet(at, Some(tenant), size));
        assert_statement("prune", &sql.prune(at, size));
        assert_statement("forget", &sql.forget(tenant));
    }
}
