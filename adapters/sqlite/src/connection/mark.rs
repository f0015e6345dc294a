use diesel::result::{DatabaseErrorKind, Error};
use diesel::{OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection, table};
use tenantry::ports::Mark;
use tenantry::{Excerpt, TenantId};

table! {
    /// One row, which says whose file it is.
    main.tenantry_mark (tenant) {
        tenant -> Text,
    }
}

/// The table, as a new file gets it.
pub(crate) const CREATE: &str = "CREATE TABLE tenantry_mark (
    tenant TEXT NOT NULL,
    only_row INTEGER PRIMARY KEY NOT NULL DEFAULT 1 CHECK (only_row = 1)
) STRICT";

/// What the mark of the connection's main file says. A file without the table has no mark.
pub(crate) fn read(connection: &mut SqliteConnection) -> QueryResult<Mark> {
    let found = tenantry_mark::table
        .select(tenantry_mark::tenant)
        .get_result::<String>(connection)
        .optional();
    match found {
        Ok(Some(text)) => Ok(match text.parse::<TenantId>() {
            Ok(id) if id.to_string() == text => Mark::Tenant(id),
            _ => Mark::Unreadable(Excerpt::of(&text)),
        }),
        Ok(None) => Ok(Mark::None),
        Err(error) if says_nothing_of_ours(&error) => Ok(Mark::None),
        Err(error) => Err(error),
    }
}

/// Writes the mark into a new file.
pub(crate) fn write(connection: &mut SqliteConnection, tenant: TenantId) -> QueryResult<()> {
    use diesel::ExpressionMethods;
    use diesel::connection::SimpleConnection;

    connection.batch_execute(CREATE)?;
    diesel::insert_into(tenantry_mark::table)
        .values(tenantry_mark::tenant.eq(tenant.to_string()))
        .execute(connection)
        .map(drop)
}

fn says_nothing_of_ours(error: &Error) -> bool {
    let Error::DatabaseError(DatabaseErrorKind::Unknown, information) = error else {
        return false;
    };
    ["no such table", "no such column", "file is not a database"]
        .iter()
        .any(|text| information.message().contains(text))
}
