use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use tenantry::ports::TablesError;
use tenantry::tables::{ColumnDeclaration, ColumnKind, TableDeclaration};

use super::fault::Asked;
use crate::TenantConnection;
use crate::repository::statement::Statement;

/// What a declared column is in this tenant's schema.
#[derive(Clone, Debug)]
pub(super) struct Type {
    /// The type's name, as a cast takes it, without a length: a cast to a length would cut a value without a word.
    pub(super) written: String,
    /// A type of PostgreSQL's own, whose operators are there whatever the path is.
    pub(super) built_in: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    written: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Bool)]
    built_in: bool,
}

/// The types of the declared columns, in the declaration's order.
pub(super) fn types(
    connection: &mut TenantConnection,
    table: &TableDeclaration,
) -> Result<Vec<Type>, TablesError> {
    let schema = connection.schema().name;
    let statement = Statement::new(
        "SELECT a.attname::pg_catalog.text AS name, pg_catalog.format_type(t.oid, -1) AS written, \
         t.typname::pg_catalog.text AS type_name, \
         (t.typnamespace = 11 AND t.typtype = 'b') AS built_in \
         FROM pg_catalog.pg_namespace AS n \
         JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid \
         WHERE n.nspname = ",
    )
    .text(schema.to_string())
    .sql(" AND c.relname = ")
    .text(table.name().as_str());
    let rows: Vec<Row> = statement
        .load(connection)
        .map_err(|error| Asked::ToRead(table).failed(&error))?;
    let not_as_declared = |reason: String| TablesError::NotAsDeclared {
        table: table.name().clone(),
        reason,
    };
    if rows.is_empty() {
        return Err(not_as_declared("it isn't there".into()));
    }
    let found = |column: &ColumnDeclaration| {
        let name = column.name().as_str();
        let row = rows
            .iter()
            .find(|row| row.name == name)
            .ok_or_else(|| not_as_declared(format!("column {name} isn't there")))?;
        let built_in = row.built_in.then(|| row.type_name.clone());
        match built_in {
            Some(built_in) if !fits(column.kind(), &built_in) => Err(not_as_declared(format!(
                "column {name} is {}, and not {}",
                row.written,
                column.kind()
            ))),
            built_in => Ok(Type {
                written: row.written.clone(),
                built_in,
            }),
        }
    };
    table.columns().iter().map(found).collect()
}

/// Whether values of a type of PostgreSQL's own can be read as this kind. Others are cast, and may fail then.
fn fits(kind: ColumnKind, built_in: &str) -> bool {
    let types: &[&str] = match kind {
        ColumnKind::Text => return true,
        ColumnKind::Integer => &["int2", "int4", "int8"],
        ColumnKind::Decimal => &["int2", "int4", "int8", "numeric", "float4", "float8"],
        ColumnKind::Boolean => &["bool"],
        ColumnKind::Timestamp => &["timestamptz", "timestamp", "date"],
        ColumnKind::Uuid => &["uuid"],
        ColumnKind::Json => &["json", "jsonb"],
        ColumnKind::Bytes => &["bytea"],
    };
    types.contains(&built_in)
}
