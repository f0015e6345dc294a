use std::collections::HashSet;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Uuid};
use tenantry::TenantId;
use tenantry::ports::ChangeSignal;

use super::WhyCut;
use crate::repository::statement::Statement;
use crate::{PostgresConfig, PostgresSchemaProvider, SharedSchema};

/// As the triggers of the migration have it.
const CHANNEL: &str = "tenantry_tenant_changes";
const TABLE: &str = "tenantry_tenant_changes";

/// One connection that hears of changes. Dropping it ends the connection.
pub(super) struct Line {
    connection: PgConnection,
    table: String,
    /// What was visible when the table was read last: all that comes to light after it is news.
    seen: String,
}

#[derive(QueryableByName)]
struct News {
    #[diesel(sql_type = Text)]
    seen: String,
    #[diesel(sql_type = Array<Uuid>)]
    changed: Vec<uuid::Uuid>,
}

impl Line {
    /// Connects and listens. With what an earlier line had `seen`, the changes since then are news to this one.
    pub(super) fn open(
        config: &PostgresConfig,
        shared: &SharedSchema,
        seen: Option<String>,
    ) -> Result<Self, WhyCut> {
        let mut connection =
            config.connect_administrative(PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT)?;
        let table = format!("{}.{TABLE}", shared.quoted());
        connection
            .batch_execute(&format!("LISTEN {CHANNEL}"))
            .map_err(|error| WhyCut::of(&error, config))?;
        let begun = read(&mut connection, &table, seen.as_deref())
            .map_err(|error| WhyCut::of(&error, config))?;
        let seen = seen.unwrap_or(begun.seen);
        Ok(Self {
            connection,
            table,
            seen,
        })
    }

    /// Whose changes the socket holds news of. Asks no server; an error if the line is cut.
    pub(super) fn heard(&mut self) -> QueryResult<HashSet<ChangeSignal>> {
        let mut heard = HashSet::new();
        for notification in self.connection.notifications_iter() {
            heard.insert(match notification?.payload.parse() {
                Ok(id) => signal(id),
                Err(_) => ChangeSignal::Everything,
            });
        }
        Ok(heard)
    }

    /// Everything that was committed since it was asked last. One round trip.
    pub(super) fn news(&mut self) -> QueryResult<HashSet<ChangeSignal>> {
        let News { seen, changed } = read(&mut self.connection, &self.table, Some(&self.seen))?;
        self.seen = seen;
        Ok(changed.into_iter().map(signal).collect())
    }

    /// What the next line goes on from.
    pub(super) fn into_seen(self) -> String {
        self.seen
    }
}

/// The nil UUID stands for all tenants, and so does what no tenant of ours has.
fn signal(id: uuid::Uuid) -> ChangeSignal {
    TenantId::from_uuid(id).map_or(ChangeSignal::Everything, ChangeSignal::Tenant)
}

fn read(connection: &mut PgConnection, table: &str, seen: Option<&str>) -> QueryResult<News> {
    statement(table, seen).get_result(connection)
}

/// What has a number beyond this snapshot isn't of this server: it came with a dump.
pub(super) fn statement(table: &str, seen: Option<&str>) -> Statement {
    let statement = Statement::new("SELECT pg_current_snapshot()::text AS seen, ");
    let Some(seen) = seen else {
        // It is read all the same, so that a missing table or right is found before anybody trusts the line.
        return statement.sql(format!(
            "ARRAY(SELECT tenant_id FROM {table} LIMIT 0) AS changed"
        ));
    };
    statement
        .sql(format!(
            "ARRAY(SELECT DISTINCT tenant_id FROM {table} WHERE transaction >= pg_snapshot_xmin("
        ))
        .text(seen)
        .sql("::pg_snapshot) AND transaction < pg_snapshot_xmax(pg_current_snapshot()) AND NOT pg_visible_in_snapshot(transaction, ")
        .text(seen)
        .sql("::pg_snapshot)) AS changed")
}

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    #[test]
    fn the_statement_is_what_was_reviewed() {
        let statement = statement("\"public\".tenantry_tenant_changes", Some("10:20:10,14"));
        let shown = diesel::debug_query::<Pg, _>(&statement).to_string();
        assert_snapshot("tenant_changes", &shown);
    }

    #[test]
    fn an_id_that_no_tenant_has_stands_for_all() {
        assert_eq!(signal(uuid::Uuid::nil()), ChangeSignal::Everything);
        let id = TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [1; 10]);
        assert_eq!(signal(id.as_uuid()), ChangeSignal::Tenant(id));
    }
}
