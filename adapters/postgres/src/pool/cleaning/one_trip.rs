//! Cleaning, proof and readiness in one round trip, for the connection that was left as most are.
//!
//! One batch undoes, takes the lease and asks. It can't answer but by failing, so it fails unless everything is as it
//! should be and as it was the last time; then the connection is cleaned in two trips, which can tell what is wrong. Its
//! question is a statement that Diesel has prepared, run by its name: planned once, and gone if a borrower removed
//! Diesel's statements. No borrower can put its own in that place: the batch fails before if there is any statement
//! that SQL prepared.

use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Integer, Text};

use super::{UNDO, is_idle};
use crate::connection::link::{Link, OneTrip, Warm};
use crate::mark_of;
use crate::scope::proof::{self, Place};

/// Clears the connection and makes it ready for the place that it served. `false` if two trips must.
///
/// A connection on which it failed isn't tried again: what it fails on comes back, and each failure is a line in the
/// server's log.
pub(super) fn clean(link: &mut Link, served: &Place) -> bool {
    let Some(own_types) = link.has_own_types(served.name()) else {
        return false;
    };
    let Some(batch) = batch_for(link, served, own_types) else {
        return false;
    };
    if link.connection.batch_execute(&batch).is_err() || !is_idle(link) {
        link.one_trip = OneTrip::Never;
        return false;
    }
    link.note_types(served.name(), own_types);
    link.warm = served.schema().map(Warm::proven_now);
    true
}

/// Has Diesel prepare the question on a connection in which everything was undone, and learns its name.
///
/// Two round trips, once for a connection. It is asked there and then, and fails if there is a temporary schema.
pub(super) fn prepare(link: &mut Link) -> QueryResult<()> {
    if !matches!(link.one_trip, OneTrip::Unprepared) {
        return Ok(());
    }
    let asked = IsAsItWas {
        backend: link.backend,
        role: link.role.clone(),
        own_types: false,
        schema: NO_SCHEMA.to_owned(),
        mark: String::new(),
    };
    if asked.get_result::<i32>(&mut link.connection).is_err() {
        link.one_trip = OneTrip::Never;
        return Ok(());
    }
    let name: Option<String> = diesel::sql_query(
        "SELECT name FROM pg_catalog.pg_prepared_statements \
         WHERE NOT from_sql AND pg_catalog.starts_with(statement, '/* tenantry: as it was */') \
         ORDER BY prepare_time DESC LIMIT 1",
    )
    .get_result::<Named>(&mut link.connection)
    .optional()?
    .map(|named| named.name);
    link.one_trip = name.map_or(OneTrip::Never, OneTrip::Prepared);
    Ok(())
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// `None` if the question isn't prepared, or if a name could be read in two ways. Nor is the question's
/// name known on a connection that the work may have put in the place of ours; on ours, Diesel gives no name twice.
///
/// The server reads the batch in the encoding that the borrower may have chosen: nothing but ASCII means the same in all.
fn batch_for(link: &Link, served: &Place, own_types: bool) -> Option<String> {
    let OneTrip::Prepared(statement) = &link.one_trip else {
        return None;
    };
    if link.exposed {
        return None;
    }
    let mark = served.schema().map(|schema| mark_of(schema.tenant));
    let path = match served {
        Place::Tenant(_) => format!("SET search_path = {}; ", proof::path(&served.quoted())),
        Place::Shared(_) => String::new(),
    };
    let batch = format!(
        "BEGIN; ROLLBACK; BEGIN; {UNDO}; COMMIT; BEGIN ISOLATION LEVEL READ COMMITTED; \
         SELECT pg_catalog.pg_advisory_unlock_all(); {NOTHING_PREPARED}; {lease}\
         EXECUTE {statement} ({backend}, {role}, {own_types}, {schema}, {mark}); {path}COMMIT",
        lease = served.lease("pg_try_advisory_lock_shared"),
        schema = literal(&served.quoted()),
        mark = literal(mark.as_deref().unwrap_or_default()),
        backend = link.backend,
        role = literal(&link.role),
    );
    batch.is_ascii().then_some(batch)
}

/// Fails if SQL prepared a statement that is still there.
const NOTHING_PREPARED: &str = "SELECT CAST(pg_catalog.concat('tenantry:prepared ', name) AS pg_catalog.int4) \
    FROM pg_catalog.pg_prepared_statement() WHERE from_sql";

/// A name that no schema of ours can have, for a connection that is in no place.
const NO_SCHEMA: &str = "\"tenantry:none\"";

/// Means the same whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Fails, with a text of ours, unless the session is clear and the place as it was. Its fields are in the order of its
/// parameters.
#[derive(QueryId)]
struct IsAsItWas {
    backend: i32,
    role: String,
    own_types: bool,
    /// Quoted.
    schema: String,
    /// Empty for a schema that has none.
    mark: String,
}

impl Query for IsAsItWas {
    type SqlType = Integer;
}

impl RunQueryDsl<PgConnection> for IsAsItWas {}

impl QueryFragment<Pg> for IsAsItWas {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "/* tenantry: as it was */ SELECT CAST(CASE WHEN pg_catalog.pg_backend_pid() <> ",
        );
        out.push_bind_param::<Integer, _>(&self.backend)?;
        out.push_sql(" OR pg_catalog.concat(SESSION_USER, ' as ', CURRENT_USER) <> ");
        out.push_bind_param::<Text, _>(&self.role)?;
        out.push_sql(" OR pg_catalog.current_setting('search_path') <> '");
        out.push_sql(proof::BASE_PATH);
        out.push_sql(
            "' OR pg_catalog.pg_my_temp_schema() <> 0 \
             OR EXISTS (SELECT FROM pg_catalog.pg_cursor() WHERE name <> '') \
             OR EXISTS (SELECT FROM pg_catalog.pg_listening_channels()) \
             OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d \
                 WHERE d.refclassid = 2615 AND d.refobjid = ns.id AND (d.classid = 1247 OR d.classid = 1259 \
                 AND (SELECT c.relkind FROM pg_catalog.pg_class AS c WHERE c.oid = d.objid) = 'c')) <> ",
        );
        out.push_bind_param::<Bool, _>(&self.own_types)?;
        out.push_sql(
            " OR (ns.mark <> '' AND (pg_catalog.has_schema_privilege(ns.id, 'USAGE') IS NOT TRUE \
             OR (SELECT d.description FROM pg_catalog.pg_description AS d WHERE d.objoid = ns.id \
                 AND d.classoid = 2615 AND d.objsubid = 0) IS DISTINCT FROM ns.mark)) \
             THEN 'tenantry:changed' ELSE '1' END AS pg_catalog.int4) \
             FROM (SELECT pg_catalog.to_regnamespace(",
        );
        out.push_bind_param::<Text, _>(&self.schema)?;
        out.push_sql(")::pg_catalog.oid AS id, ");
        out.push_bind_param::<Text, _>(&self.mark)?;
        out.push_sql(" AS mark) AS ns");
        Ok(())
    }
}
