use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use tenantry::TenantSchema;
use tenantry::ports::{TenantSizes, UsageError};
use tenantry::usage::{RowCount, Size, TableSize, TenantUsage};

use super::store::failed;
use crate::repository::statement::Statement;
use crate::repository::store::Store;
use crate::{PostgresConfig, PostgresSchemaProvider, TenantPool, mark_of};

/// How much is in tenants' schemas, as PostgreSQL's catalogue has it.
///
/// Rows are what ANALYZE or autovacuum estimated last, and unknown where neither has looked. Bytes are those of the files: with
/// large values kept apart, and with space that is free for new rows. A schema without the tenant's mark isn't looked at.
///
/// # Cost
/// One statement for every 200 tenants, which reads no row of theirs. It waits for whoever changes a table's definition, up to the
/// lock time-out (over one connection) or the pool's own.
#[derive(Clone, Debug)]
pub struct PostgresTenantSizes {
    store: Store,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Nullable<Text>)]
    table_name: Option<String>,
    #[diesel(sql_type = Double)]
    estimate: f64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    index_bytes: i64,
}

impl PostgresTenantSizes {
    /// How many tenants one statement asks about.
    const STEP: usize = 200;

    /// The sizes in this database, over one connection. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self {
            store: Store::own(config, PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT),
        }
    }

    /// The sizes in the pool's database, over the pool. For a server.
    pub fn over(pool: TenantPool) -> Self {
        Self {
            store: Store::Pool(pool),
        }
    }
}

impl Row {
    /// Nothing of a schema without tables.
    fn into_table(self) -> Option<TableSize> {
        let known = |number: i64| u64::try_from(number).unwrap_or(0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an estimate, whose fraction counts for nothing, and that is not below 0 here"
        )]
        let rows = if self.estimate < 0.0 {
            RowCount::Unknown
        } else {
            RowCount::Estimate(self.estimate as u64)
        };
        let size = Size {
            rows,
            bytes: known(self.bytes),
            index_bytes: known(self.index_bytes),
        };
        let table = self.table_name?;
        Some(TableSize { table, size })
    }
}

fn statement(schemas: &[TenantSchema]) -> Statement {
    let names = schemas.iter().map(|schema| schema.name.to_string());
    let marks = schemas.iter().map(|schema| mark_of(schema.tenant));
    // A table that goes away meanwhile has no size.
    Statement::new(
        "SELECT w.place, c.relname::pg_catalog.text COLLATE \"C\" AS table_name, \
         coalesce(c.reltuples, -1)::pg_catalog.float8 AS estimate, \
         coalesce(pg_catalog.pg_table_size(c.oid), 0) AS bytes, \
         coalesce(pg_catalog.pg_indexes_size(c.oid), 0) AS index_bytes \
         FROM ROWS FROM (pg_catalog.unnest(",
    )
    .texts(names.collect())
    .sql("), pg_catalog.unnest(")
    .texts(marks.collect())
    .sql(
        ")) WITH ORDINALITY AS w(schema_name, mark, place) \
         JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema_name \
         JOIN pg_catalog.pg_description AS d ON d.objoid = n.oid AND d.classoid = 2615 AND d.objsubid = 0 \
         AND d.description = w.mark \
         LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm') \
         ORDER BY w.place, table_name",
    )
}

#[async_trait]
impl TenantSizes for PostgresTenantSizes {
    async fn sizes(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantUsage>, UsageError> {
        let mut usages: Vec<TenantUsage> = Vec::new();
        for step in schemas.chunks(Self::STEP) {
            let rows = self.store.load::<Row>(statement(step));
            let rows = rows.await.map_err(failed)?;
            let mut last = None;
            for row in rows {
                // Places are numbered from 1.
                let place = usize::try_from(row.place)
                    .ok()
                    .and_then(|at| at.checked_sub(1));
                let Some(schema) = place.and_then(|at| step.get(at)) else {
                    continue;
                };
                if last.replace(row.place) != Some(row.place) {
                    usages.push(TenantUsage {
                        tenant: schema.tenant,
                        schema: schema.name,
                        tables: Vec::new(),
                    });
                }
                if let Some(usage) = usages.last_mut() {
                    usage.tables.extend(row.into_table());
                }
            }
        }
        Ok(usages)
    }
}

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;
    use tenantry::{SchemaName, Slug, TenantId};

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    #[test]
    fn the_statement_is_what_was_reviewed() {
        let schema = TenantSchema {
            tenant: TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [1; 10]),
            name: SchemaName::of(&Slug::new("acme").expect("a slug")),
        };
        let shown = diesel::debug_query::<Pg, _>(&statement(&[schema])).to_string();
        assert_snapshot("usage_sizes", &shown);
    }
}
