use diesel::connection::LoadConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use tenantry::ports::ScopeError;
use tenantry_conformance::{Probe, ProbeError, Residue, Work};

use super::state::{State, keep};
use crate::{SharedConnection, TenantConnection};

/// The suite's hands on one connection.
pub(super) struct Hands<'c, C> {
    connection: &'c mut C,
    table: &'static str,
}

impl<'c> Hands<'c, TenantConnection> {
    pub(super) fn in_tenant(connection: &'c mut TenantConnection) -> Self {
        let table = "items";
        Self { connection, table }
    }
}

impl<'c> Hands<'c, SharedConnection> {
    pub(super) fn in_shared(connection: &'c mut SharedConnection) -> Self {
        let table = "notices";
        Self { connection, table }
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

impl<C: LoadConnection<Backend = Pg>> Hands<'_, C> {
    fn numbers(&mut self, sql: &str) -> Result<Vec<i64>, ProbeError> {
        let rows = sql_query(sql).load::<Number>(self.connection);
        Ok(rows
            .map_err(said)?
            .into_iter()
            .map(|row| row.value)
            .collect())
    }

    fn number(&mut self, sql: &str) -> Result<i64, ProbeError> {
        let row = sql_query(sql).get_result::<Number>(self.connection);
        Ok(row.map_err(said)?.value)
    }

    fn names(&mut self, sql: &str) -> Result<Vec<String>, ProbeError> {
        let rows = sql_query(sql).load::<Name>(self.connection);
        Ok(rows
            .map_err(said)?
            .into_iter()
            .map(|row| row.value)
            .collect())
    }

    fn execute(&mut self, sql: &str) -> Result<usize, ProbeError> {
        sql_query(sql).execute(self.connection).map_err(said)
    }

    fn batch(&mut self, sql: &str) -> Result<(), ProbeError> {
        self.connection.batch_execute(sql).map_err(said)
    }
}

impl<C: LoadConnection<Backend = Pg>> Probe for Hands<'_, C> {
    fn insert(&mut self, value: i64) -> Result<(), ProbeError> {
        self.insert_into(self.table, value)
    }

    fn values(&mut self) -> Result<Vec<i64>, ProbeError> {
        self.values_of(self.table)
    }

    fn values_of(&mut self, table: &str) -> Result<Vec<i64>, ProbeError> {
        self.numbers(&format!(
            "SELECT value::bigint AS value FROM {table} ORDER BY value"
        ))
    }

    fn tables(&mut self) -> Result<Vec<String>, ProbeError> {
        self.names(
            r"SELECT relname::text AS value FROM pg_class
              WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
              AND relname NOT LIKE '\_\_diesel\_%' AND relname NOT LIKE 'tenantry\_%'
              AND relname NOT LIKE '\_\_tenantry\_%' ORDER BY relname",
        )
    }

    fn ledger(&mut self) -> Result<Vec<String>, ProbeError> {
        self.names("SELECT version::text AS value FROM __diesel_schema_migrations ORDER BY version")
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
        let inserted = self.execute(&format!("INSERT INTO {table} (value) VALUES ({value})"));
        inserted.map(drop)
    }

    fn next_number(&mut self) -> Result<i64, ProbeError> {
        self.number("SELECT nextval('item_numbers') AS value")
    }

    fn sum_by_view(&mut self) -> Result<i64, ProbeError> {
        self.number("SELECT total AS value FROM item_sum")
    }

    fn sum_by_function(&mut self) -> Result<i64, ProbeError> {
        self.number("SELECT sum_of_items() AS value")
    }

    fn keep_state(&mut self, state: &str) -> Result<Vec<String>, ProbeError> {
        let kept = keep(self.connection, &State(state.to_owned())).map_err(said)?;
        Ok(kept.into_iter().map(|State(state)| state).collect())
    }

    fn rolled_back(&mut self, work: Work<'_>) -> Result<(), ProbeError> {
        self.batch("SAVEPOINT before_work")?;
        let worked = work(self);
        self.batch("ROLLBACK TO before_work")?;
        worked
    }

    fn connection_id(&mut self) -> Result<u64, ProbeError> {
        let backend = self.number("SELECT pg_backend_pid()::bigint AS value")?;
        Ok(backend.unsigned_abs())
    }

    fn leave_behind(&mut self, residue: Residue) -> Result<(), ProbeError> {
        self.batch(match residue {
            Residue::Path => "SET search_path = pg_catalog",
            Residue::PathInsideFunction => {
                "DO 'BEGIN PERFORM set_config(''search_path'', ''pg_catalog'', false); END'"
            }
            Residue::OpenTransaction => "BEGIN; SET LOCAL probe.open = 'yes'",
            Residue::TemporaryTable => "CREATE TEMPORARY TABLE left_behind (value integer)",
            Residue::Setting => "SET statement_timeout = '77s'",
            Residue::AdvisoryLock => "SELECT pg_advisory_lock(4711)",
            Residue::Listen => "LISTEN left_behind",
            Residue::HoldCursor => "DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1",
            Residue::PreparedStatement => "PREPARE left_behind AS SELECT 1",
            Residue::Role => "DO 'BEGIN EXECUTE ''SET ROLE guest_of_'' || session_user; END'",
        })
    }

    fn sees(&mut self, residue: Residue) -> Result<bool, ProbeError> {
        let found = self.number(match residue {
            Residue::Path | Residue::PathInsideFunction => {
                "SELECT (current_setting('search_path') = 'pg_catalog')::int::bigint AS value"
            }
            Residue::OpenTransaction => {
                "SELECT (coalesce(current_setting('probe.open', true), '') = 'yes')::int::bigint AS value"
            }
            Residue::TemporaryTable => {
                "SELECT count(*) AS value FROM pg_class WHERE relname = 'left_behind' \
                 AND relnamespace = pg_my_temp_schema()"
            }
            Residue::Setting => {
                "SELECT (current_setting('statement_timeout') = '77s')::int::bigint AS value"
            }
            Residue::AdvisoryLock => {
                "SELECT count(*) AS value FROM pg_locks WHERE locktype = 'advisory' \
                 AND objid = 4711 AND pid = pg_backend_pid()"
            }
            Residue::Listen => "SELECT count(*) AS value FROM pg_listening_channels()",
            Residue::HoldCursor => {
                "SELECT count(*) AS value FROM pg_cursors WHERE name = 'left_behind'"
            }
            Residue::PreparedStatement => {
                "SELECT count(*) AS value FROM pg_prepared_statements WHERE name = 'left_behind'"
            }
            Residue::Role => "SELECT (current_user <> session_user)::int::bigint AS value",
        })?;
        Ok(found != 0)
    }
}

/// What a statement said, as the suite takes it.
fn said(error: diesel::result::Error) -> ProbeError {
    let source = Box::new(error);
    ScopeError::Failed { source }.into()
}
