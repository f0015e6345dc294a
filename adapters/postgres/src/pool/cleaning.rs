//! What a borrower left on a direct connection is cleared away, and proven gone, before anybody else gets it.
//!
//! The first trip undoes; each of its commands does its whole work or fails. The second asks what is left, by a
//! statement that Diesel has prepared once, and so also finds out whether Diesel's prepared statements are there still:
//! a borrower's `DEALLOCATE ALL` shows here. `DISCARD ALL` would do the first trip's work, and break the second.
//!
//! `pg_locks` isn't asked about advisory locks: reading it holds every partition of the server's lock table.
//! `pg_advisory_unlock_all` either gave them all back or failed.

use std::time::Instant;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Bool, Integer, Text};
use tenantry::TenantSchema;

use crate::connection::link::{Link, Warm};
use crate::scope::proof::{self, Place};
use crate::{lease_key, mark_of};

/// Why a connection is closed instead.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unclean {
    #[error("a statement of the cleaning failed")]
    Failed(#[from] diesel::result::Error),
    #[error("something is left behind that can't be cleared away")]
    Residue,
    #[error("behind a pooler it can't be told whether another connection was put in its place")]
    Exposed,
}

/// Its last command fails if a borrower prepared a statement under a name of Diesel's: what proves could be forged by it.
///
/// `RESET ALL` goes back to what the connection was opened with, which is what Diesel and Tenantry want.
const UNDO: &str = "BEGIN; ROLLBACK; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; \
    DISCARD SEQUENCES; DISCARD TEMP; SELECT pg_catalog.pg_advisory_unlock_all(); \
    SELECT CAST(CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_prepared_statements \
    WHERE from_sql AND pg_catalog.starts_with(name, '__diesel_stmt_')) \
    THEN 'tenantry:forged' ELSE '1' END AS pg_catalog.int4)";

/// How Diesel names the statements that it prepares.
const DIESELS_OWN: &str = "__diesel_stmt_";

/// Makes a direct connection ready for use: the statement that proves is the first that Diesel prepares on it.
pub(super) fn prepare(link: &mut Link) -> QueryResult<()> {
    if link.direct {
        link.role = ask(link, None)?.role;
    }
    Ok(())
}

/// Clears a returned connection, proves it clear, and makes it warm again if it served a tenant. `served` is the place that
/// it was in, if it got so far.
pub(super) fn clean(link: &mut Link, served: Option<&Place>) -> Result<(), Unclean> {
    link.warm = None;
    link.reset_client_side();
    if link.direct {
        undo(link, served)?;
        let mut left = ask(link, served)?;
        if !left.prepared.is_empty() {
            deallocate(link, &left.prepared)?;
            left = ask(link, served)?;
        }
        settle(link, served, &left)?;
    } else if link.exposed {
        return Err(Unclean::Exposed);
    }
    link.exposed = false;
    link.drop_notifications()?;
    Ok(())
}

/// Throws away Diesel's caches, which hold OIDs of another scope's types, together with the server's statements.
///
/// Behind a pooler there are no such statements, and nothing is asked.
pub(crate) fn forget_caches(link: &mut Link) -> QueryResult<()> {
    link.forget_caches();
    if !link.direct {
        return Ok(());
    }
    link.connection.batch_execute("DEALLOCATE ALL")?;
    prepare(link)
}

fn undo(link: &mut Link, served: Option<&Place>) -> QueryResult<()> {
    let schema = served.and_then(Place::schema);
    let lease = schema.map(|schema| lease(&schema)).unwrap_or_default();
    let batch = format!("{UNDO}{lease}");
    if link.connection.batch_execute(&batch).is_ok() {
        return Ok(());
    }
    // An aborted transaction takes nothing but its end.
    link.connection.batch_execute("ROLLBACK")?;
    link.connection.batch_execute(&batch)
}

/// The lease comes before the proof, in a trip of its own, so that the proof sees what its holder before us did.
fn lease(schema: &TenantSchema) -> String {
    format!(
        "; SELECT pg_catalog.set_config('tenantry.leased', \
         pg_catalog.pg_try_advisory_lock_shared({})::pg_catalog.text, false)",
        lease_key(&schema.name)
    )
}

fn deallocate(link: &mut Link, names: &[String]) -> Result<(), Unclean> {
    if names.iter().any(|name| name.starts_with(DIESELS_OWN)) {
        return Err(Unclean::Residue);
    }
    let mut batch = String::new();
    for name in names {
        batch += "DEALLOCATE \"";
        batch += &name.replace('"', "\"\"");
        batch += "\"; ";
    }
    batch += "RESET search_path";
    Ok(link.connection.batch_execute(&batch)?)
}

fn settle(link: &mut Link, served: Option<&Place>, left: &Left) -> Result<(), Unclean> {
    let clear = left.clear
        && left.prepared.is_empty()
        && left.backend == link.backend
        && left.path == proof::BASE_PATH
        && left.role == link.role
        && is_idle(link);
    if !clear {
        return Err(Unclean::Residue);
    }
    if left.own_types {
        link.types_of = served.map(Place::name);
    }
    let Some(schema) = served.and_then(Place::schema) else {
        return Ok(());
    };
    if left.ready {
        link.warm = Some(Warm {
            schema,
            proven_at: Instant::now(),
        });
        return Ok(());
    }
    Ok(link.connection.batch_execute(proof::COOL_DOWN)?)
}

fn is_idle(link: &mut Link) -> bool {
    let status = AnsiTransactionManager::transaction_manager_status_mut(&mut link.connection);
    matches!(status.transaction_depth(), Ok(None))
}

fn ask(link: &mut Link, served: Option<&Place>) -> QueryResult<Left> {
    let schema = served.and_then(Place::schema);
    let question = WhatIsLeft {
        schema: served.map_or_else(String::new, Place::schema_name),
        mark: schema.map_or_else(String::new, |schema| mark_of(schema.tenant)),
        path: schema.map_or_else(
            || proof::BASE_PATH.to_owned(),
            |schema| proof::path(&schema.name.quoted()),
        ),
    };
    question.get_result(&mut link.connection)
}

/// What the server says about a session.
#[derive(Queryable)]
struct Left {
    backend: i32,
    /// Whose rights it has.
    role: String,
    clear: bool,
    /// The statements that a borrower prepared by SQL.
    prepared: Vec<String>,
    /// The path that the session had until now.
    path: String,
    /// The schema is there, is this tenant's, the role may use it, and its lease is held.
    ready: bool,
    /// The schema has types of its own, whose OIDs Diesel may have kept.
    own_types: bool,
    /// The path that it has from now on.
    _set: String,
}

/// Asks for [`Left`], and sets the path that the connection waits with.
///
/// A static statement, so that Diesel prepares it once; and the path is set at its end, so that it is planned once: the
/// server plans anew what was planned under another path.
#[derive(QueryId)]
struct WhatIsLeft {
    schema: String,
    mark: String,
    path: String,
}

impl Query for WhatIsLeft {
    type SqlType = (Integer, Text, Bool, Array<Text>, Text, Bool, Bool, Text);
}

impl RunQueryDsl<PgConnection> for WhatIsLeft {}

impl QueryFragment<Pg> for WhatIsLeft {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT pg_catalog.pg_backend_pid(), \
             pg_catalog.concat(SESSION_USER, ' as ', CURRENT_USER), \
             NOT EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE name <> '') \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_listening_channels()) \
             AND (pg_catalog.pg_my_temp_schema() = 0 OR NOT EXISTS (\
                 SELECT FROM pg_catalog.pg_depend \
                 WHERE refclassid = 2615 AND refobjid = pg_catalog.pg_my_temp_schema())), \
             ARRAY(SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql), \
             pg_catalog.current_setting('search_path'), \
             EXISTS (SELECT FROM pg_catalog.pg_namespace AS n \
                 JOIN pg_catalog.pg_description AS d \
                 ON d.objoid = n.oid AND d.classoid = 2615 AND d.objsubid = 0 \
                 WHERE n.nspname = ",
        );
        out.push_bind_param::<Text, _>(&self.schema)?;
        out.push_sql("::pg_catalog.name AND d.description = ");
        out.push_bind_param::<Text, _>(&self.mark)?;
        out.push_sql(
            " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')) \
             AND coalesce(pg_catalog.current_setting('tenantry.leased', true) = 'true', false), \
             EXISTS (SELECT FROM pg_catalog.pg_namespace AS n \
                 JOIN pg_catalog.pg_depend AS d ON d.refclassid = 2615 AND d.refobjid = n.oid \
                 LEFT JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND d.classid = 1259 \
                 WHERE n.nspname = ",
        );
        out.push_bind_param::<Text, _>(&self.schema)?;
        out.push_sql(
            "::pg_catalog.name AND (d.classid = 1247 OR c.relkind = 'c')), \
             pg_catalog.set_config('search_path', ",
        );
        out.push_bind_param::<Text, _>(&self.path)?;
        out.push_sql(", false)");
        Ok(())
    }
}
