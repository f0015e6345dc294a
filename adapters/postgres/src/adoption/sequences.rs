use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel::{PgConnection, sql_query};

use super::AdoptionError;
use super::table::Table;

#[derive(QueryableByName)]
struct Owned {
    #[diesel(sql_type = Text)]
    column: String,
    #[diesel(sql_type = Nullable<Text>)]
    sequence: Option<String>,
}

/// Moves the sequences behind the tenant's columns past the highest copied value, and never back.
pub(super) fn move_past_rows(
    connection: &mut PgConnection,
    table: &Table,
) -> Result<(), AdoptionError> {
    let failed = || AdoptionError::failed(&table.name, "moving its sequences");
    let owned = sql_query(
        "SELECT quote_ident(a.attname) AS column, \
                pg_get_serial_sequence($1, a.attname) AS sequence \
         FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped",
    )
    .bind::<Text, _>(&table.tenant)
    .load::<Owned>(connection)
    .map_err(failed())?;
    for Owned { column, sequence } in owned {
        let Some(sequence) = sequence else { continue };
        let tenant = &table.tenant;
        sql_query(format!(
            "SELECT setval($1::regclass, greatest(max({column}), (SELECT last_value FROM {sequence}))) \
             FROM {tenant} HAVING max({column}) IS NOT NULL"
        ))
        .bind::<Text, _>(&sequence)
        .execute(connection)
        .map_err(failed())?;
    }
    Ok(())
}
