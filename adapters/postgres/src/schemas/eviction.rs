//! Nobody trusts the schema's name while it changes what it stands for.

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Bool};
use tenantry::SchemaName;
use tenantry::ports::SchemaError;

use super::fault::{Failure, Work};
use super::trouble::Trouble;
use crate::{Eviction, evict_parked, lease_key};

const MAY_CLOSE: &str = "idle connections of another role trust the schema's name, and have to be closed: make it a \
    member of that role, or GRANT pg_read_all_stats, pg_signal_backend TO …";

/// Takes the exclusive lock on trust in the schema's name, for the rest of the transaction.
pub(super) fn evict(connection: &mut PgConnection, work: &Work<'_>) -> Result<(), Failure> {
    let name = &work.schema.name;
    match evict_parked(connection, name, work.waited) {
        Ok(Eviction::Locked { .. }) => Ok(()),
        Ok(Eviction::Busy) if is_hidden(connection, name)? => Err(forbidden(
            work,
            "whether they are idle isn't shown to this role",
        )),
        Ok(Eviction::Busy) => Err(work.busy(None).into()),
        Err(error) => Err(not_evicted(work, error)),
    }
}

/// Nothing else in it can be refused than to end somebody's session, which the server says in words of its language.
fn not_evicted(work: &Work<'_>, error: Error) -> Failure {
    match Trouble::of(&error) {
        Trouble::Busy | Trouble::Unavailable | Trouble::LockTableFull | Trouble::StorageFull => {
            error.into()
        }
        _ => forbidden(work, error),
    }
}

fn forbidden(work: &Work<'_>, source: impl Into<tenantry::BoxError>) -> Failure {
    Failure::Named(SchemaError::Forbidden {
        schema: *work.schema,
        advice: MAY_CLOSE,
        source: source.into(),
    })
}

#[derive(QueryableByName)]
struct Hidden {
    #[diesel(sql_type = Bool)]
    hidden: bool,
}

/// Whether somebody trusts the name whose activity this role isn't shown: then it can't be told idle from busy.
fn is_hidden(connection: &mut PgConnection, schema: &SchemaName) -> QueryResult<bool> {
    const QUERY: &str = "SELECT EXISTS (SELECT FROM pg_locks AS l \
        JOIN pg_stat_activity AS a ON a.pid = l.pid \
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
        AND l.classid::int8 = ($1 >> 32) & 4294967295 AND l.objid::int8 = $1 & 4294967295 \
        AND a.state IS NULL) AS hidden";
    diesel::sql_query(QUERY)
        .bind::<BigInt, _>(lease_key(schema))
        .get_result(connection)
        .map(|row: Hidden| row.hidden)
}
