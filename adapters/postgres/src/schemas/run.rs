//! Runs migrations in one schema, in the transaction that the connection is in.
//!
//! ```text
//!  enter ─▶ [make_ledger] ─▶ applied ─▶ apply, apply, …      nothing is there before the caller commits
//! ```

use std::time::Duration;

use diesel::prelude::*;
use diesel::result::{Error, QueryResult};
use diesel::sql_types::{Text, VarChar};

use super::migrations::Migration;
use super::script::{dollar_quoted, execute, execute_with, literal, raise};

/// Diesel's own ledger, which its command line reads, too.
pub(crate) const LEDGER: &str = "__diesel_schema_migrations";

/// Where migrations run.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The schema's name, which needs no escapes.
    pub(crate) schema: &'a str,
    /// The name of the table that keeps what was applied.
    pub(crate) ledger: &'a str,
    /// The longest wait for any lock.
    pub(crate) lock_timeout: Duration,
}

/// A migration that failed, with everything that it did rolled back once the transaction is.
pub(crate) struct Failed {
    pub(crate) migration: String,
    pub(crate) error: Error,
}

impl Target<'_> {
    /// The path: this schema alone, so that no name resolves elsewhere.
    fn path(&self) -> String {
        format!("\"{}\", pg_temp", self.schema)
    }

    fn lock_timeout_ms(&self) -> u128 {
        self.lock_timeout.as_millis().clamp(1, 2_147_483_647)
    }

    /// Puts the transaction into the schema. One round trip.
    pub(crate) fn enter(&self, connection: &mut PgConnection) -> QueryResult<()> {
        let (path, timeout) = (literal(&self.path()), self.lock_timeout_ms());
        execute(
            connection,
            &format!(
                "PERFORM pg_catalog.set_config('search_path', {path}, true); \
                 PERFORM pg_catalog.set_config('lock_timeout', '{timeout}', true);"
            ),
        )
    }

    /// Makes the ledger, unless it is there. One round trip.
    pub(crate) fn make_ledger(&self, connection: &mut PgConnection) -> QueryResult<()> {
        let Self { schema, ledger, .. } = self;
        execute(
            connection,
            &format!(
                "CREATE TABLE IF NOT EXISTS \"{schema}\".\"{ledger}\" (\
                 version varchar(50) PRIMARY KEY NOT NULL, \
                 run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);"
            ),
        )
    }

    /// The versions that the ledger holds. Two round trips.
    pub(crate) fn applied(&self, connection: &mut PgConnection) -> QueryResult<Vec<String>> {
        let Self { schema, ledger, .. } = self;
        let query = format!("SELECT version FROM \"{schema}\".\"{ledger}\" ORDER BY version");
        let rows: Vec<Version> = diesel::sql_query(query).load(connection)?;
        Ok(rows.into_iter().map(|row| row.version).collect())
    }

    /// Runs these migrations, each in one round trip, and returns their names.
    pub(crate) fn apply(
        &self,
        connection: &mut PgConnection,
        migrations: &[&Migration],
    ) -> Result<Vec<String>, Failed> {
        for migration in migrations {
            self.apply_one(connection, migration)
                .map_err(|error| Failed {
                    migration: migration.name.clone(),
                    error,
                })?;
        }
        Ok(migrations.iter().map(|one| one.name.clone()).collect())
    }

    /// The text runs by EXECUTE, which refuses whatever would end the transaction. When it is done, the path and the
    /// role have to be what they were: a later migration would go elsewhere.
    ///
    /// Then every constraint is checked, as at the end of a transaction of its own, and those that are deferred by
    /// default are so again for the next one.
    fn apply_one(&self, connection: &mut PgConnection, migration: &Migration) -> QueryResult<()> {
        execute_with(connection, DECLARATIONS, &self.application(migration))
    }

    fn application(&self, migration: &Migration) -> String {
        let Self { schema, ledger, .. } = self;
        let (text, version) = (dollar_quoted(&migration.sql), literal(&migration.version));
        let (path, timeout) = (literal(&self.path()), self.lock_timeout_ms());
        let path_changed = raise(PATH_CHANGED, "pg_catalog.current_setting('search_path')");
        let role_changed = raise(ROLE_CHANGED, "CURRENT_USER::pg_catalog.text");
        format!(
            "PERFORM pg_catalog.set_config('lock_timeout', '{timeout}', true); \
             EXECUTE {text}; \
             IF pg_catalog.current_setting('search_path') <> {path} \
             THEN {path_changed} END IF; \
             IF CURRENT_USER <> who THEN {role_changed} END IF; \
             SET CONSTRAINTS ALL IMMEDIATE; \
             SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', '{schema}', c.conname), ', ') \
             INTO deferred FROM (SELECT conname \
             FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_constraint ON conrelid = d.objid \
             WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass \
             AND d.refobjid = '\"{schema}\"'::pg_catalog.regnamespace \
             AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass GROUP BY conname \
             HAVING pg_catalog.bool_and(condeferrable) AND pg_catalog.bool_or(condeferred)) AS c; \
             IF deferred IS NOT NULL \
             THEN EXECUTE 'SET CONSTRAINTS ' || deferred || ' DEFERRED'; END IF; \
             INSERT INTO \"{schema}\".\"{ledger}\" (version) VALUES ({version});"
        )
    }
}

const DECLARATIONS: &str = "who CONSTANT name := CURRENT_USER; deferred text;";
const PATH_CHANGED: &str = "path-changed";
const ROLE_CHANGED: &str = "role-changed";

/// What is wrong with a migration that raised an error of ours.
pub(crate) fn refusal(own_name: &str) -> Option<String> {
    let reason = match own_name {
        PATH_CHANGED => {
            "it changes search_path, so that what follows would go into another schema: leave that out \
             (pg_dump writes it: SELECT pg_catalog.set_config('search_path', '', false)), and name what is \
             in the shared schema with its schema"
        }
        ROLE_CHANGED => "it changes the role, and doesn't change it back: add RESET ROLE",
        _ => return None,
    };
    Some(reason.to_owned())
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = VarChar)]
    version: String,
}

/// Waits for the lock on work in the schema of this name, in whichever process. One round trip.
pub(crate) fn lock(connection: &mut PgConnection, schema: &str) -> QueryResult<()> {
    let key = literal(&format!("tenantry:work:{schema}"));
    execute(
        connection,
        &format!(
            "PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended({key}, 0));"
        ),
    )
}

#[derive(QueryableByName)]
pub(crate) struct Named {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    #[test]
    fn the_application_of_a_migration_is_what_was_reviewed() {
        let target = Target {
            schema: "tenant_acme",
            ledger: LEDGER,
            lock_timeout: Duration::from_secs(5),
        };
        let migration = Migration {
            version: "1".into(),
            name: "1_notes".into(),
            sql: "CREATE TABLE notes (id bigint);".into(),
        };
        assert_snapshot("apply_migration", &target.application(&migration));
    }
}
