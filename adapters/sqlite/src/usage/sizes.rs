use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use tenantry::TenantSchema;
use tenantry::ports::{ScopeError, TenantSizes, UsageError};
use tenantry::usage::{RowCount, Size, TableSize, TenantUsage};

use crate::error::scope_error;
use crate::uri::identifier;
use crate::{SqliteTenantPool, TenantConnection};

/// How much is in tenants' files: rows are counted, and bytes are those of the pages that a table or an index uses.
///
/// # Cost
/// Each tenant's file is opened, unless the pool has it open, and read from end to end. Sample at a quiet time.
#[derive(Clone, Debug)]
pub struct SqliteTenantSizes {
    pool: SqliteTenantPool,
}

#[derive(QueryableByName)]
struct Used {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl SqliteTenantSizes {
    /// The sizes of the files of this pool's store.
    pub fn over(pool: SqliteTenantPool) -> Self {
        Self { pool }
    }
}

/// Only ordinary tables: SQLite keeps others for its own use.
fn used(connection: &mut TenantConnection) -> Result<Vec<Used>, ScopeError> {
    sql_query(
        r"SELECT s.tbl_name AS table_name, s.type AS kind, coalesce(sum(d.pgsize), 0) AS bytes
        FROM main.sqlite_schema AS s
        LEFT JOIN dbstat AS d ON d.schema = 'main' AND d.aggregate = TRUE AND d.name = s.name
        WHERE s.type IN ('table', 'index') AND s.tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'
        GROUP BY s.tbl_name, s.type, s.name",
    )
    .load(connection)
    .map_err(scope_error)
}

fn tables(connection: &mut TenantConnection) -> Result<Vec<TableSize>, ScopeError> {
    let mut sizes: BTreeMap<String, Size> = BTreeMap::new();
    for part in used(connection)? {
        let size = sizes.entry(part.table_name).or_insert(Size::NONE);
        let bytes = known(part.bytes);
        if part.kind == "table" {
            size.bytes = size.bytes.saturating_add(bytes);
        } else {
            size.index_bytes = size.index_bytes.saturating_add(bytes);
        }
    }
    for (table, size) in &mut sizes {
        let count = format!("SELECT count(*) AS number FROM main.{}", identifier(table));
        let counts: Vec<Count> = sql_query(count).load(connection).map_err(scope_error)?;
        let rows = counts.first().map_or(0, |count| known(count.number));
        size.rows = RowCount::Exact(rows);
    }
    let sizes = sizes.into_iter();
    Ok(sizes
        .map(|(table, size)| TableSize { table, size })
        .collect())
}

fn known(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[async_trait]
impl TenantSizes for SqliteTenantSizes {
    async fn sizes(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantUsage>, UsageError> {
        let mut usages = Vec::new();
        for schema in schemas.iter().copied() {
            let pool = self.pool.clone();
            let found = blocking::unblock(move || pool.in_schema(schema, tables)).await;
            match found {
                Ok(tables) => usages.push(TenantUsage {
                    tenant: schema.tenant,
                    schema: schema.name,
                    tables,
                }),
                Err(ScopeError::SchemaMissing { .. } | ScopeError::SchemaForeign { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(usages)
    }
}

fn failed(error: ScopeError) -> UsageError {
    let source = Box::new(error);
    match source.retry() {
        tenantry::Retry::Now | tenantry::Retry::Later => UsageError::Unavailable { source },
        tenantry::Retry::Never => UsageError::Failed { source },
    }
}
