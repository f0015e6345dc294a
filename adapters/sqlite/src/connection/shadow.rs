//! Keeps unqualified names from reaching the shared file.
//!
//! SQLite looks for an unqualified table in the temporary schema, then in the main file, and then in every attached one.
//! So a table that a tenant lacks would be found in `public`. For each shared table whose name the tenant has no table
//! for, the connection gets a temporary view of that name over the missing table: using it fails, and names the table.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

use crate::uri::identifier;

const WANTED: &str = r"SELECT name FROM public.sqlite_schema
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
    AND lower(name) NOT IN
        (SELECT lower(name) FROM main.sqlite_schema WHERE type IN ('table', 'view'))";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The views that a connection has for this purpose.
#[derive(Debug, Default)]
pub(crate) struct Shadows {
    names: BTreeSet<String>,
}

impl Shadows {
    /// Makes the views that are missing, and drops those that the tenant has a table for by now.
    pub(crate) fn cast(&mut self, connection: &mut SqliteConnection) -> QueryResult<()> {
        let wanted: BTreeSet<String> = sql_query(WANTED)
            .load::<Name>(connection)?
            .into_iter()
            .map(|row| row.name)
            .collect();
        for name in self.names.difference(&wanted) {
            drop_view(connection, name)?;
        }
        for name in &wanted {
            let name = identifier(name);
            connection.batch_execute(&format!(
                "CREATE TEMP VIEW IF NOT EXISTS {name} AS SELECT * FROM main.{name}"
            ))?;
        }
        self.names = wanted;
        Ok(())
    }

    /// Drops the views, for a statement that reads every view again: SQLite would refuse it because of these.
    pub(crate) fn lift(&mut self, connection: &mut SqliteConnection) -> QueryResult<()> {
        for name in &self.names {
            drop_view(connection, name)?;
        }
        Ok(())
    }
}

fn drop_view(connection: &mut SqliteConnection, name: &str) -> QueryResult<()> {
    connection.batch_execute(&format!("DROP VIEW IF EXISTS temp.{}", identifier(name)))
}
