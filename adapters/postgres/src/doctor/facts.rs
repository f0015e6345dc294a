//! What the doctor looks at, each by one statement.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid};

use crate::SharedSchema;
use crate::repository::TABLE;

#[derive(QueryableByName)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
pub(super) struct Server {
    #[diesel(sql_type = Text)]
    pub(super) role: String,
    #[diesel(sql_type = Text)]
    pub(super) database: String,
    #[diesel(sql_type = Bool)]
    pub(super) may_create: bool,
    #[diesel(sql_type = Bool)]
    pub(super) has_shared: bool,
    #[diesel(sql_type = Bool)]
    pub(super) may_use_shared: bool,
    #[diesel(sql_type = Bool)]
    pub(super) has_plpgsql: bool,
    #[diesel(sql_type = BigInt)]
    pub(super) max_locks: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) room: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) largest: i64,
}

/// Every relation of a tenant takes a lock of its own when the schema is dropped, and so do its TOAST table and the
/// index of that.
pub(super) fn server(connection: &mut PgConnection, shared: &SharedSchema) -> QueryResult<Server> {
    const QUERY: &str = "SELECT current_user::text AS role, current_database()::text AS database, \
        has_database_privilege(current_database(), 'CREATE') AS may_create, \
        EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS has_shared, \
        coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1), false) \
        AS may_use_shared, \
        EXISTS (SELECT FROM pg_language WHERE lanname = 'plpgsql') AS has_plpgsql, \
        current_setting('max_locks_per_transaction')::int8 AS max_locks, \
        current_setting('max_locks_per_transaction')::int8 * \
        (current_setting('max_connections')::int8 + current_setting('max_prepared_transactions')::int8) AS room, \
        coalesce((SELECT max(locks) FROM (\
            SELECT count(*) + 2 * count(*) FILTER (WHERE c.reltoastrelid <> 0) AS locks \
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
            WHERE starts_with(n.nspname::text, 'tenant_') GROUP BY n.oid) AS one), 0) AS largest";
    diesel::sql_query(QUERY)
        .bind::<Text, _>(shared.as_str())
        .get_result(connection)
}

#[derive(QueryableByName)]
pub(super) struct Record {
    #[diesel(sql_type = Uuid)]
    pub(super) id: uuid::Uuid,
    #[diesel(sql_type = Text)]
    pub(super) slug: String,
    #[diesel(sql_type = Text)]
    pub(super) status: String,
    #[diesel(sql_type = Bool)]
    pub(super) provisioned: bool,
}

/// Every tenant, without what isn't needed.
pub(super) fn records(
    connection: &mut PgConnection,
    shared: &SharedSchema,
) -> QueryResult<Vec<Record>> {
    let table = format!("{}.{TABLE}", shared.quoted());
    let query = format!(
        "SELECT id, slug, status, provisioned_at IS NOT NULL AS provisioned FROM {table} ORDER BY id"
    );
    diesel::sql_query(query).load(connection)
}

#[derive(QueryableByName)]
pub(super) struct Shadow {
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = BigInt)]
    pub(super) schemas: i64,
}

/// Names that are taken both in the shared schema and in these tenants' schemas, ledgers aside.
pub(super) fn shadows(
    connection: &mut PgConnection,
    shared: &SharedSchema,
    schemas: &[&str],
) -> QueryResult<Vec<Shadow>> {
    const QUERY: &str = "SELECT c.relname::text AS name, count(*) AS schemas \
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
        WHERE n.nspname = ANY ($2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
        AND c.relname <> '__diesel_schema_migrations' \
        AND EXISTS (SELECT FROM pg_class AS s JOIN pg_namespace AS sn ON sn.oid = s.relnamespace \
            WHERE sn.nspname = $1 AND s.relname = c.relname AND s.relkind IN ('r', 'p', 'v', 'm', 'f')) \
        GROUP BY c.relname ORDER BY c.relname";
    diesel::sql_query(QUERY)
        .bind::<Text, _>(shared.as_str())
        .bind::<Array<Text>, _>(schemas)
        .load(connection)
}

#[derive(QueryableByName)]
pub(super) struct Owned {
    #[diesel(sql_type = Text)]
    pub(super) schema: String,
    #[diesel(sql_type = Text)]
    pub(super) owner: String,
}

/// Which of these schemas belong to somebody whose rights this role doesn't have.
pub(super) fn not_owned(
    connection: &mut PgConnection,
    schemas: &[&str],
) -> QueryResult<Vec<Owned>> {
    const QUERY: &str = "SELECT n.nspname::text AS schema, pg_get_userbyid(n.nspowner)::text AS owner \
        FROM pg_namespace AS n WHERE n.nspname = ANY ($1) \
        AND NOT pg_has_role(n.nspowner, 'USAGE') ORDER BY n.nspname";
    diesel::sql_query(QUERY)
        .bind::<Array<Text>, _>(schemas)
        .load(connection)
}
