use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use tenantry::ports::TablesError;
use tenantry::tables::TableDeclaration;

use super::column::Column;
use super::fault::Asked;
use crate::TenantConnection;

/// A table of one tenant, as it is in its file.
pub(super) struct Table<'p> {
    pub(super) declared: &'p TableDeclaration,
    /// Whether each declared column keeps texts as texts, in the declaration's order.
    of_text: Vec<bool>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    declared_type: String,
}

impl<'p> Table<'p> {
    /// Looks the table up in the tenant's file. One of SQLite's own isn't there: they can be reached in any file.
    pub(super) fn of(
        connection: &mut TenantConnection,
        declared: &'p TableDeclaration,
    ) -> Result<Self, TablesError> {
        let name = declared.name().as_str();
        let not_as_declared = |reason: String| TablesError::NotAsDeclared {
            table: declared.name().clone(),
            reason,
        };
        let prefix = name.get(..7).unwrap_or_default();
        if prefix.eq_ignore_ascii_case("sqlite_") {
            return Err(not_as_declared("it is SQLite's own".into()));
        }
        let rows: Vec<Row> = sql_query(
            "SELECT name, coalesce(type, '') AS declared_type FROM pragma_table_xinfo(?, 'main')",
        )
        .bind::<Text, _>(name)
        .load(connection)
        .map_err(|error| Asked::ToRead(declared).failed(error))?;
        if rows.is_empty() {
            return Err(not_as_declared("it isn't there".into()));
        }
        let of_text = declared.columns().iter().map(|column| {
            let name = column.name().as_str();
            let row = rows.iter().find(|row| row.name == name);
            row.map(|row| keeps_texts(&row.declared_type))
                .ok_or_else(|| not_as_declared(format!("column {name} isn't there")))
        });
        Ok(Self {
            of_text: of_text.collect::<Result<_, _>>()?,
            declared,
        })
    }

    /// The table in the tenant's file.
    pub(super) fn named(&self) -> String {
        format!("main.{}", self.declared.name().quoted())
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        let declared = self.declared.columns().iter();
        declared
            .zip(&self.of_text)
            .map(|(declared, of_text)| Column {
                table: self.declared,
                declared,
                of_text: *of_text,
            })
    }

    pub(super) fn column(&self, name: &str) -> Option<Column<'_>> {
        self.columns()
            .find(|column| column.declared.name().as_str() == name)
    }

    pub(super) fn key(&self) -> impl Iterator<Item = Column<'_>> {
        let names = self.declared.key();
        names.filter_map(|column| self.column(column.name().as_str()))
    }
}

/// SQLite's rule of text affinity.
fn keeps_texts(declared_type: &str) -> bool {
    let declared_type = declared_type.to_ascii_uppercase();
    let has = |part: &&str| declared_type.contains(*part);
    !declared_type.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(has)
}
