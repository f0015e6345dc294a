use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, sql_query};
use tenantry::Excerpt;

use super::AdoptionError;
use super::table::Table;

/// How many rows a side has, and the sum of their digests: equal rows in any order have equal sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many rows.
    pub rows: i64,
    /// The sum of a 60-bit digest of each row, as a decimal number.
    pub digest: String,
}

/// One table after an adoption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableReport {
    /// Which.
    pub table: String,
    /// The rows of the shared table.
    pub shared: Sum,
    /// The tenant's rows under the same keys.
    pub tenant: Sum,
    /// How many shared rows have no equal in the tenant's table.
    pub different: i64,
    /// How many shared rows were removed.
    pub removed: i64,
}

#[derive(QueryableByName)]
struct Compared {
    #[diesel(sql_type = BigInt)]
    shared_rows: i64,
    #[diesel(sql_type = Text)]
    shared_digest: String,
    #[diesel(sql_type = BigInt)]
    tenant_rows: i64,
    #[diesel(sql_type = Text)]
    tenant_digest: String,
    #[diesel(sql_type = BigInt)]
    different: i64,
}

/// Compares all tables in one snapshot.
pub(super) fn verify(
    connection: &mut PgConnection,
    tables: &[Table],
) -> Result<Vec<TableReport>, AdoptionError> {
    let failed = || AdoptionError::failed("of all tables", "comparing both sides");
    let mut outcome = Ok(Vec::new());
    connection
        .build_transaction()
        .read_only()
        .repeatable_read()
        .run(|connection| {
            outcome = tables
                .iter()
                .map(|table| compare(connection, table))
                .collect();
            diesel::QueryResult::Ok(())
        })
        .map_err(failed())?;
    outcome
}

/// Refuses the first table that has shared rows without an equal.
pub(super) fn refuse_differences(reports: &[TableReport]) -> Result<(), AdoptionError> {
    match reports
        .iter()
        .find(|report| report.different > 0 || report.shared != report.tenant)
    {
        Some(TableReport {
            table, different, ..
        }) => {
            let (table, different) = (Excerpt::of(table), *different);
            Err(AdoptionError::RowsDiffer { table, different })
        }
        None => Ok(()),
    }
}

fn compare(connection: &mut PgConnection, table: &Table) -> Result<TableReport, AdoptionError> {
    let compared = sql_query(format!(
        "SELECT count(*) AS shared_rows, coalesce(sum(s.tenantry_digest), 0)::text AS shared_digest, \
                count(t.tenantry_digest) AS tenant_rows, coalesce(sum(t.tenantry_digest), 0)::text AS tenant_digest, \
                count(*) FILTER (WHERE t.tenantry_digest IS DISTINCT FROM s.tenantry_digest) AS different \
         FROM (SELECT {shared_key}, {shared_digest} AS tenantry_digest FROM {shared} a) s \
         LEFT JOIN (SELECT {tenant_key}, {tenant_digest} AS tenantry_digest FROM {tenant} b) t ON {same}",
        shared_key = table.key("a"),
        shared_digest = table.digest("a"),
        shared = table.shared,
        tenant_key = table.key("b"),
        tenant_digest = table.digest("b"),
        tenant = table.tenant,
        same = table.same_key("s", "t"),
    ))
    .get_result::<Compared>(connection)
    .map_err(AdoptionError::failed(&table.name, "comparing both sides"))?;
    let Compared {
        shared_rows,
        shared_digest,
        tenant_rows,
        tenant_digest,
        different,
    } = compared;
    Ok(TableReport {
        table: table.name.clone(),
        shared: Sum {
            rows: shared_rows,
            digest: shared_digest,
        },
        tenant: Sum {
            rows: tenant_rows,
            digest: tenant_digest,
        },
        different,
        removed: 0,
    })
}
