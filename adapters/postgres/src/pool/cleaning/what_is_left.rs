//! The question to the server what a borrower left, once everything was undone.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Bool, Integer, Text};

use crate::connection::link::Link;
use crate::mark_of;
use crate::scope::proof::{self, Place};

/// One round trip, by a statement that Diesel prepares once.
pub(super) fn ask(link: &mut Link, served: Option<&Place>) -> QueryResult<Left> {
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
pub(super) struct Left {
    pub(super) backend: i32,
    /// Whose rights it has.
    pub(super) role: String,
    pub(super) clear: bool,
    /// The statements that a borrower prepared by SQL.
    pub(super) prepared: Vec<String>,
    /// The path that the session had until now.
    pub(super) path: String,
    /// The schema is there, is this tenant's, the role may use it, and its lease is held.
    pub(super) ready: bool,
    /// The schema has types of its own, whose OIDs Diesel may have kept.
    pub(super) own_types: bool,
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
