//! What the catalogs and the ledgers say. Each query is one statement.

use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text};
use tenantry::SchemaName;
use tenantry::ports::{FoundSchema, Mark};

use super::run::LEDGER;
use crate::read_mark;

/// A schema as it was found.
pub(crate) struct Found {
    pub(crate) name: SchemaName,
    pub(crate) mark: Mark,
    pub(crate) ledger: Ledger,
}

/// What a schema's ledger says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ledger {
    Missing,
    Unreadable,
    Applied(Vec<String>),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Bool)]
    has_ledger: bool,
    #[diesel(sql_type = Bool)]
    readable: bool,
    #[diesel(sql_type = Nullable<Text>)]
    versions: Option<String>,
}

/// Each ledger is read by a query within the query, which is how one statement reads tables that it can't name. It
/// holds a lock on each until its end.
const STATES: &str = "SELECT s.name, s.comment, s.has_ledger, s.readable, \
    CASE WHEN s.readable THEN substring(query_to_xml(format(\
      'SELECT string_agg(version, E''\\n'' ORDER BY version) AS v FROM %I.%I', s.name, s.ledger), \
      false, false, '')::text FROM '<v>([^<]*)</v>') END AS versions \
    FROM (SELECT n.nspname::text AS name, obj_description(n.oid, 'pg_namespace') AS comment, \
        c.relname AS ledger, c.oid IS NOT NULL AS has_ledger, \
        coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false) \
        AS readable \
      FROM pg_namespace AS n LEFT JOIN pg_class AS c \
        ON c.relnamespace = n.oid AND c.relname = $1 AND c.relkind = 'r'";

/// What is there under each of these names.
pub(crate) fn states(connection: &mut PgConnection, names: &[&str]) -> QueryResult<Vec<Found>> {
    let query = format!("{STATES} WHERE n.nspname = ANY ($2)) AS s ORDER BY s.name");
    let rows: Vec<Row> = diesel::sql_query(query)
        .bind::<Text, _>(LEDGER)
        .bind::<Array<Text>, _>(names)
        .load(connection)?;
    Ok(rows.into_iter().filter_map(Row::found).collect())
}

/// The first `limit` schemas after `after` whose name could be a tenant's, with their ledgers.
pub(crate) fn fleet(
    connection: &mut PgConnection,
    after: &str,
    limit: i64,
) -> QueryResult<(Vec<Found>, Option<String>)> {
    let query = format!(
        "{STATES} WHERE starts_with(n.nspname::text, $2) AND n.nspname > $3 \
         ORDER BY n.nspname LIMIT $4) AS s ORDER BY s.name COLLATE \"C\""
    );
    let rows: Vec<Row> = diesel::sql_query(query)
        .bind::<Text, _>(LEDGER)
        .bind::<Text, _>(SchemaName::PREFIX)
        .bind::<Text, _>(after)
        .bind::<diesel::sql_types::BigInt, _>(limit)
        .load(connection)?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| full).map(|row| row.name.clone());
    Ok((rows.into_iter().filter_map(Row::found).collect(), next))
}

impl Row {
    /// A name that no slug gives is nobody's that we know.
    fn found(self) -> Option<Found> {
        let name = SchemaName::parse(&self.name).ok()?;
        let ledger = match (self.has_ledger, self.readable) {
            (false, _) => Ledger::Missing,
            (true, false) => Ledger::Unreadable,
            (true, true) => {
                let versions = self.versions.unwrap_or_default();
                Ledger::Applied(versions.lines().map(str::to_owned).collect())
            }
        };
        Some(Found {
            name,
            mark: read_mark(self.comment.as_deref()),
            ledger,
        })
    }
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
}

/// Whose the schema of this name says it is; nothing if there is none. For use in a transaction that holds its lock.
pub(crate) fn mark(connection: &mut PgConnection, schema: &str) -> QueryResult<Option<Mark>> {
    const QUERY: &str = "SELECT n.nspname::text AS name, \
        obj_description(n.oid, 'pg_namespace') AS comment \
        FROM pg_namespace AS n WHERE n.nspname = $1";
    let row: Option<NameRow> = diesel::sql_query(QUERY)
        .bind::<Text, _>(schema)
        .get_result(connection)
        .optional()?;
    Ok(row.map(|row| read_mark(row.comment.as_deref())))
}

/// Every schema whose name is that of a slug.
pub(crate) fn list(connection: &mut PgConnection) -> QueryResult<Vec<FoundSchema>> {
    const QUERY: &str = "SELECT n.nspname::text AS name, \
        obj_description(n.oid, 'pg_namespace') AS comment \
        FROM pg_namespace AS n WHERE starts_with(n.nspname::text, $1) ORDER BY n.nspname";
    let rows: Vec<NameRow> = diesel::sql_query(QUERY)
        .bind::<Text, _>(SchemaName::PREFIX)
        .load(connection)?;
    let found = rows.into_iter().filter_map(|row| {
        Some(FoundSchema {
            name: SchemaName::parse(&row.name).ok()?,
            mark: read_mark(row.comment.as_deref()),
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use crate::repository::snapshots::assert_snapshot;

    #[test]
    fn the_query_of_all_ledgers_is_what_was_reviewed() {
        assert_snapshot("schema_states", super::STATES);
    }
}
