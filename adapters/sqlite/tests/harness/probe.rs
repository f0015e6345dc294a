use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryableByName, sql_query};
use tenantry_conformance::{Probe, ProbeError, Residue, Work, unsupported};
use tenantry_sqlite::{SharedConnection, TenantConnection};

use super::said;

/// Either connection, as far as the suite uses it.
pub(super) trait Reached:
    Connection<Backend = Sqlite> + diesel::connection::LoadConnection + SimpleConnection
{
    fn bare(&mut self) -> &mut SqliteConnection;
}

impl Reached for TenantConnection {
    fn bare(&mut self) -> &mut SqliteConnection {
        self.unguarded()
    }
}

impl Reached for SharedConnection {
    fn bare(&mut self) -> &mut SqliteConnection {
        self.unguarded()
    }
}

/// The suite's hands on one connection.
pub(super) struct Hands<'c, C> {
    connection: &'c mut C,
    table: &'static str,
    schema: &'static str,
}

impl<'c> Hands<'c, TenantConnection> {
    pub(super) fn in_tenant(connection: &'c mut TenantConnection) -> Self {
        Self {
            connection,
            table: "items",
            schema: "main",
        }
    }
}

impl<'c> Hands<'c, SharedConnection> {
    pub(super) fn in_shared(connection: &'c mut SharedConnection) -> Self {
        Self {
            connection,
            table: "notices",
            schema: "public",
        }
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    value: String,
}

impl<C: Reached> Hands<'_, C> {
    fn numbers(&mut self, sql: &str) -> Result<Vec<i64>, ProbeError> {
        let rows = sql_query(sql)
            .load::<Number>(self.connection)
            .map_err(said)?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    fn names(&mut self, sql: &str) -> Result<Vec<String>, ProbeError> {
        let rows = sql_query(sql).load::<Name>(self.connection).map_err(said)?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    fn execute(&mut self, sql: &str) -> Result<usize, ProbeError> {
        sql_query(sql).execute(self.connection).map_err(said)
    }

    /// Whether SQLite is in a transaction that Diesel, and so the scope, knows nothing of.
    fn in_an_unknown_transaction(&mut self) -> Result<bool, ProbeError> {
        use diesel::connection::{AnsiTransactionManager, TransactionManager};

        let bare = self.connection.bare();
        let status = AnsiTransactionManager::transaction_manager_status_mut(bare);
        if status.transaction_depth().map_err(said)?.is_some() {
            return Ok(false);
        }
        if bare.batch_execute("BEGIN").is_err() {
            return Ok(true);
        }
        bare.batch_execute("ROLLBACK").map_err(said)?;
        Ok(false)
    }
}

impl<C: Reached> Probe for Hands<'_, C> {
    fn insert(&mut self, value: i64) -> Result<(), ProbeError> {
        self.insert_into(self.table, value)
    }

    fn values(&mut self) -> Result<Vec<i64>, ProbeError> {
        self.values_of(self.table)
    }

    fn values_of(&mut self, table: &str) -> Result<Vec<i64>, ProbeError> {
        self.numbers(&format!("SELECT value FROM {table} ORDER BY value"))
    }

    fn tables(&mut self) -> Result<Vec<String>, ProbeError> {
        let schema = self.schema;
        self.names(&format!(
            r"SELECT name AS value FROM {schema}.sqlite_schema WHERE type = 'table'
              AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_\_diesel\_%' ESCAPE '\'
              AND name NOT LIKE 'tenantry\_%' ESCAPE '\' ORDER BY name"
        ))
    }

    fn ledger(&mut self) -> Result<Vec<String>, ProbeError> {
        let schema = self.schema;
        self.names(&format!(
            "SELECT version AS value FROM {schema}.__diesel_schema_migrations ORDER BY version"
        ))
    }

    fn add_to_all(&mut self, amount: i64) -> Result<usize, ProbeError> {
        let table = self.table;
        self.execute(&format!("UPDATE {table} SET value = value + {amount}"))
    }

    fn clear(&mut self) -> Result<usize, ProbeError> {
        let table = self.table;
        self.execute(&format!("DELETE FROM {table}"))
    }

    fn insert_into(&mut self, table: &str, value: i64) -> Result<(), ProbeError> {
        self.execute(&format!("INSERT INTO {table} (value) VALUES ({value})"))
            .map(drop)
    }

    fn sum_by_view(&mut self) -> Result<i64, ProbeError> {
        self.numbers("SELECT total AS value FROM item_sum")?
            .pop()
            .ok_or_else(|| said(diesel::result::Error::NotFound))
    }

    fn rolled_back(&mut self, work: Work<'_>) -> Result<(), ProbeError> {
        self.connection
            .batch_execute("SAVEPOINT before_work")
            .map_err(said)?;
        let worked = work(self);
        self.connection
            .batch_execute("ROLLBACK TO before_work")
            .map_err(said)?;
        worked
    }

    fn leave_behind(&mut self, residue: Residue) -> Result<(), ProbeError> {
        let sql = match residue {
            Residue::OpenTransaction => "BEGIN",
            Residue::TemporaryTable => "CREATE TEMP TABLE left_behind (value INTEGER)",
            Residue::Setting => "PRAGMA recursive_triggers = ON",
            _ => return Err(unsupported("leaving this behind")),
        };
        self.connection.batch_execute(sql).map_err(said)
    }

    fn sees(&mut self, residue: Residue) -> Result<bool, ProbeError> {
        match residue {
            Residue::OpenTransaction => self.in_an_unknown_transaction(),
            Residue::TemporaryTable => {
                let sql = "SELECT count(*) AS value FROM sqlite_temp_schema \
                           WHERE name = 'left_behind'";
                Ok(self.numbers(sql)? != [0])
            }
            Residue::Setting => {
                let sql = "SELECT recursive_triggers AS value FROM pragma_recursive_triggers";
                Ok(self.numbers(sql)? != [0])
            }
            _ => Err(unsupported("seeing this")),
        }
    }
}
