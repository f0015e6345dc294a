use std::time::Duration;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;

use crate::connection::open::open;
use crate::{ConnectError, PostgresConfig};

impl PostgresConfig {
    /// Opens one connection outside any pool, for work on schemas and for the tenants' records.
    ///
    /// Its path holds no schema that a table could be made in, so every name must be qualified; it waits for no lock
    /// longer than `lock_timeout`; it is rolled back by the server if it stays idle in a transaction for a minute; and its
    /// transactions read what is committed, whatever the server's default is.
    ///
    /// # Errors
    /// [`ConnectError`]. With a pooler in between it is [`ConnectError::PoolerInBetween`], since a session's locks and
    /// settings would be somebody else's there.
    pub fn connect_administrative(
        &self,
        lock_timeout: Duration,
    ) -> Result<PgConnection, ConnectError> {
        let mut opened = open(self)?;
        if !opened.direct {
            return Err(ConnectError::PoolerInBetween {
                target: self.target(),
            });
        }
        // Compiling a query on the catalogs takes 100 ms, which it never saves.
        let set_up = format!(
            "SET search_path = pg_catalog, pg_temp; SET jit = off; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = 60000; \
             SET default_transaction_isolation = 'read committed'",
            lock_timeout.as_millis().clamp(1, 2_147_483_647)
        );
        let done = opened.connection.batch_execute(&set_up);
        done.map_err(|error| ConnectError::SetUp {
            target: self.target(),
            source: self.scrub(&error.to_string()),
        })?;
        Ok(opened.connection)
    }
}
