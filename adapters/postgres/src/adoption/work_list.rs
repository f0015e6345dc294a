use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::{PgConnection, sql_query};

use super::AdoptionError;
use super::table::Table;

/// The keys of the rows that a run has to do, numbered from 1 in a temporary table: so that each batch costs what
/// its rows cost, however large the table is.
pub(super) struct WorkList<'a> {
    table: &'a Table,
    pub(super) total: i64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl<'a> WorkList<'a> {
    pub(super) const NAME: &'static str = "pg_temp.tenantry_adoption";

    /// Writes down the keys that `keys` selects.
    pub(super) fn write(
        connection: &mut PgConnection,
        table: &'a Table,
        keys: &str,
    ) -> Result<Self, AdoptionError> {
        let name = Self::NAME;
        let order = table.key("k");
        let write = format!(
            "DROP TABLE IF EXISTS {name}; \
             CREATE TEMPORARY TABLE tenantry_adoption AS \
             SELECT k.*, row_number() OVER (ORDER BY {order}) AS tenantry_place FROM ({keys}) k; \
             CREATE INDEX ON {name} (tenantry_place); \
             ANALYZE {name};"
        );
        let failed = || AdoptionError::failed(&table.name, "listing the rows to do");
        connection.batch_execute(&write).map_err(failed())?;
        let count = sql_query(format!("SELECT count(*) AS count FROM {name}"))
            .get_result::<Count>(connection)
            .map_err(failed())?;
        Ok(Self {
            table,
            total: count.count,
        })
    }

    /// Runs `statement` for one span of places after another, each in a transaction, and tells how many rows it
    /// changed in all.
    pub(super) fn work(
        &self,
        connection: &mut PgConnection,
        statement: &str,
        batch: i64,
        progress: &mut dyn FnMut(i64),
    ) -> Result<i64, AdoptionError> {
        let mut changed = 0;
        let mut first = 1;
        while first <= self.total {
            let last = first.saturating_add(batch - 1).min(self.total);
            let rows = sql_query(statement)
                .bind::<BigInt, _>(first)
                .bind::<BigInt, _>(last)
                .execute(connection)
                .map_err(AdoptionError::failed(&self.table.name, "moving a batch"))?;
            changed += i64::try_from(rows).unwrap_or(i64::MAX);
            progress(last);
            first = last + 1;
        }
        Ok(changed)
    }

    pub(super) fn drop(self, connection: &mut PgConnection) -> Result<(), AdoptionError> {
        connection
            .batch_execute(&format!("DROP TABLE {}", Self::NAME))
            .map_err(AdoptionError::failed(
                &self.table.name,
                "dropping the list of rows",
            ))
    }
}
