//! Nobody is in a schema, or trusts it, while it is being made, dropped or renamed.
//!
//! Everybody inside a tenant holds a *lease*: a shared advisory lock, keyed on the schema's name.
//!
//! ```text
//!  a transaction scope             of the transaction     taken in the trip that begins and proves it
//!  a session scope                 of the session         taken in the trip that sets the path and proves it
//!  a connection that stands ready  of the session         taken before its path is proven, in the background
//! ```
//!
//! Whoever changes what the name stands for takes the exclusive lock first, in the transaction that makes the change. So
//! an open scope's next statement never runs in the schema that took the name of its own, and nobody trusts the name
//! before the change is committed. A lease is never waited for: a scope that can't have it isn't entered
//! ([`ScopeError::SchemaChanging`](tenantry::ports::ScopeError::SchemaChanging)).
//!
//! A transaction gives its lease back by its end, for which [`evict_parked`] waits. A session gives it back by closing
//! its connection: that is how [`evict_parked`] takes it from idle holders. The pool notices the closed connection on
//! entering, without a round trip, and takes another.
//!
//! A work's own `pg_advisory_unlock_all()` or `DISCARD ALL` gives a session's lease back, and a raw `COMMIT` a
//! transaction's: after the former its scope's path is unguarded until it is left.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer};
use tenantry::SchemaName;

/// The advisory lock that stands for trust in the schema of this name: 64 bits of its FNV-1a hash.
///
/// Two names with one key only evict each other's leases now and then. It is the same in every process and version.
pub fn lease_key(schema: &SchemaName) -> i64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let text = b"tenantry:lease:".iter().chain(schema.as_str().as_bytes());
    let hash = text.fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}

/// What [`evict_parked`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// The transaction holds the exclusive lock until its end: nobody is in a scope of the name meanwhile.
    Locked {
        /// How many idle connections were closed for it.
        closed: u32,
    },
    /// Somebody works in the schema, and went on for as long as we would wait. Nothing is locked.
    Busy,
}

/// Takes the exclusive lock on being in `schema`, for the rest of the transaction that `connection` is in.
///
/// Idle holders of a lease are disconnected; one in the middle of a statement or a transaction, a transaction scope say,
/// is waited for, at most for `patience`. A session scope between two of its statements counts as idle: its next statement fails as
/// unavailable. Call it before CREATE SCHEMA, DROP SCHEMA or ALTER SCHEMA … RENAME, in the same transaction (for a
/// rename: for both names, in order).
///
/// # Errors
/// Those of Diesel, with the transaction aborted: among them that the role may not end another role's sessions
/// (`GRANT pg_signal_backend TO …`).
///
/// # Cost
/// One round trip if nobody holds a lease, three or more otherwise.
pub fn evict_parked(
    connection: &mut PgConnection,
    schema: &SchemaName,
    patience: Duration,
) -> QueryResult<Eviction> {
    let key = lease_key(schema);
    let deadline = Instant::now() + patience;
    let mut closed = Vec::new();
    loop {
        if try_lock(connection, key)? {
            await_end(connection, &closed, deadline)?;
            let closed = u32::try_from(closed.len()).unwrap_or(u32::MAX);
            return Ok(Eviction::Locked { closed });
        }
        if Instant::now() >= deadline {
            return Ok(Eviction::Busy);
        }
        for holder in close_idle_holders(connection, key)? {
            if !closed.contains(&holder) {
                closed.push(holder);
            }
        }
        thread::sleep(GLANCE);
    }
}

/// How soon to look again: an ended session gives its lock back a moment after its end was asked for.
const GLANCE: Duration = Duration::from_millis(1);

/// A session gives its locks back before its socket is closed, by which its pool knows.
fn await_end(connection: &mut PgConnection, closed: &[i32], deadline: Instant) -> QueryResult<()> {
    while !closed.is_empty() && Instant::now() < deadline && any_alive(connection, closed)? {
        thread::sleep(GLANCE);
    }
    Ok(())
}

fn any_alive(connection: &mut PgConnection, backends: &[i32]) -> QueryResult<bool> {
    look_anew(connection)?;
    let alive: Yes = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE pid = ANY($1)) AS yes",
    )
    .bind::<Array<Integer>, _>(backends)
    .get_result(connection)?;
    Ok(alive.yes)
}

/// A transaction sees the activity of others as it was when it first looked.
fn look_anew(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute("SELECT pg_catalog.pg_stat_clear_snapshot()")
}

#[derive(QueryableByName)]
struct Yes {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

fn try_lock(connection: &mut PgConnection, key: i64) -> QueryResult<bool> {
    let locked: Yes = diesel::sql_query("SELECT pg_catalog.pg_try_advisory_xact_lock($1) AS yes")
        .bind::<BigInt, _>(key)
        .get_result(connection)?;
    Ok(locked.yes)
}

#[derive(QueryableByName)]
struct Closed {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Bool)]
    told: bool,
}

fn close_idle_holders(connection: &mut PgConnection, key: i64) -> QueryResult<Vec<i32>> {
    const CLOSE: &str = "SELECT holder.pid, pg_catalog.pg_terminate_backend(holder.pid) AS told \
        FROM (SELECT l.pid FROM pg_catalog.pg_locks AS l \
              JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid \
              WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
              AND l.database = (SELECT oid FROM pg_catalog.pg_database \
                                WHERE datname = pg_catalog.current_database()) \
              AND l.classid::pg_catalog.int8 = ($1 >> 32) & 4294967295 \
              AND l.objid::pg_catalog.int8 = $1 & 4294967295 \
              AND l.mode = 'ShareLock' AND a.state = 'idle' \
              AND l.pid <> pg_catalog.pg_backend_pid()) AS holder";
    look_anew(connection)?;
    let closed: Vec<Closed> = diesel::sql_query(CLOSE)
        .bind::<BigInt, _>(key)
        .load(connection)?;
    Ok(closed
        .into_iter()
        .filter(|c| c.told)
        .map(|c| c.pid)
        .collect())
}

#[cfg(test)]
mod tests {
    use tenantry::Slug;

    use super::*;

    #[test]
    fn a_key_never_changes_and_differs_by_name() {
        let key = |slug: &str| lease_key(&SchemaName::of(&Slug::new(slug).expect("a slug")));
        assert_eq!(key("acme"), key("acme"));
        assert_ne!(key("acme"), key("acme2"));
        assert_eq!(key("acme"), 1_199_882_070_728_372_097);
    }
}
