//! What a borrower left on a direct connection is cleared away, and proven gone, before anybody else gets it.
//!
//! A connection that was cleaned for this place before is cleaned in one trip, see [`one_trip`]. The others take two. The
//! first undoes; each of its commands does its whole work or fails. The second asks what is left, by a
//! statement that Diesel has prepared once, and so also finds out whether Diesel's prepared statements are there still:
//! a borrower's `DEALLOCATE ALL` shows here. `DISCARD ALL` would do the first trip's work, and break the second.
//!
//! `pg_locks` isn't asked about advisory locks: reading it holds every partition of the server's lock table.
//! `pg_advisory_unlock_all` either gave them all back or failed.

mod one_trip;
mod what_is_left;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use tenantry::TenantSchema;

use self::what_is_left::{Left, ask};
use crate::connection::link::{Link, Warm};
use crate::lease_key;
use crate::scope::proof::{self, Place};

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

/// `RESET ALL` goes back to what the connection was opened with, which is what Diesel and Tenantry want.
const UNDO: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; \
    DISCARD SEQUENCES; DISCARD TEMP";

/// Fails if a borrower prepared a statement under a name of Diesel's: what proves could be forged by it.
const NOTHING_FORGED: &str = "SELECT CAST(CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_prepared_statements \
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

/// In how many trips a connection was cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cleaned {
    InOneTrip,
    InSeveral,
}

/// Clears a returned connection, proves it clear, and makes it warm again if it served a tenant. `served` is the place that
/// it was in, if it got so far.
pub(super) fn clean(link: &mut Link, served: Option<&Place>) -> Result<Cleaned, Unclean> {
    link.warm = None;
    link.reset_client_side();
    let cleaned = if link.direct {
        clean_direct(link, served)?
    } else if link.exposed {
        return Err(Unclean::Exposed);
    } else {
        Cleaned::InSeveral
    };
    link.exposed = false;
    link.drop_notifications()?;
    Ok(cleaned)
}

fn clean_direct(link: &mut Link, served: Option<&Place>) -> Result<Cleaned, Unclean> {
    if served.is_some_and(|served| one_trip::clean(link, served)) {
        return Ok(Cleaned::InOneTrip);
    }
    undo(link, served)?;
    one_trip::prepare(link)?;
    let mut left = ask(link, served)?;
    if !left.prepared.is_empty() {
        deallocate(link, &left.prepared)?;
        left = ask(link, served)?;
    }
    settle(link, served, &left)?;
    Ok(Cleaned::InSeveral)
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
    let batch = format!(
        "BEGIN; ROLLBACK; {UNDO}; SELECT pg_catalog.pg_advisory_unlock_all(); {NOTHING_FORGED}{lease}"
    );
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
    if let Some(served) = served {
        link.note_types(served.name(), left.own_types);
    }
    let Some(schema) = served.and_then(Place::schema) else {
        return Ok(());
    };
    if left.ready {
        link.warm = Some(Warm::proven_now(schema));
        return Ok(());
    }
    Ok(link.connection.batch_execute(proof::COOL_DOWN)?)
}

fn is_idle(link: &mut Link) -> bool {
    let status = AnsiTransactionManager::transaction_manager_status_mut(&mut link.connection);
    matches!(status.transaction_depth(), Ok(None))
}
