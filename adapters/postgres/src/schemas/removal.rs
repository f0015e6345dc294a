//! Dropping a schema, and nothing that lies outside of it.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::run::Named;
use super::script::execute;

/// Takes the locks that DROP SCHEMA is to take, so that nothing comes to depend on the tables from now on.
///
/// One round trip.
pub(crate) fn lock_tables(connection: &mut PgConnection, schema: &str) -> QueryResult<()> {
    super::script::execute_with(
        connection,
        "held record;",
        &format!(
            "FOR held IN SELECT c.relname FROM pg_catalog.pg_class AS c \
             WHERE c.relnamespace = '\"{schema}\"'::pg_catalog.regnamespace \
             AND c.relkind IN ('r', 'p') ORDER BY c.oid LOOP \
             EXECUTE pg_catalog.format('LOCK TABLE ONLY %I.%I IN ACCESS EXCLUSIVE MODE', \
             '{schema}', held.relname); END LOOP;"
        ),
    )
}

const DEPENDENTS: &str = "WITH RECURSIVE doomed (classid, objid, outside) AS (\
    SELECT 'pg_namespace'::regclass::oid, n.oid, false \
      FROM pg_namespace AS n WHERE n.nspname = $1 \
    UNION \
    SELECT reached.classid, reached.objid, NOT reached.part AND coalesce(\
        reached.classid = 'pg_extension'::regclass \
        OR coalesce(i.schema, CASE WHEN i.type IN \
          ('rule', 'trigger', 'policy', 'default value', 'table constraint') \
          THEN a.object_names[1] END) NOT IN ($1, 'pg_toast'), false) \
      FROM doomed \
      CROSS JOIN LATERAL (\
        SELECT d.classid, d.objid, d.deptype = 'i' AS part FROM pg_depend AS d \
          WHERE d.refclassid = doomed.classid AND d.refobjid = doomed.objid \
        UNION \
        SELECT d.refclassid, d.refobjid, false FROM pg_depend AS d \
          WHERE d.classid = doomed.classid AND d.objid = doomed.objid AND d.deptype = 'i'\
      ) AS reached \
      CROSS JOIN LATERAL pg_identify_object(reached.classid, reached.objid, 0) AS i \
      CROSS JOIN LATERAL pg_identify_object_as_address(reached.classid, reached.objid, 0) AS a \
      WHERE NOT doomed.outside\
    ) \
    SELECT DISTINCT i.type || ' ' || i.identity AS name FROM doomed \
      CROSS JOIN LATERAL pg_identify_object(doomed.classid, doomed.objid, 0) AS i \
      WHERE doomed.outside ORDER BY 1";

/// What lies outside of the schema and would be dropped with it. Two round trips.
///
/// It goes where CASCADE goes: to whatever depends on something doomed, and from an internal part (a view's rule) to
/// what it is part of; and stops at the first thing outside. What is an internal part of something inside is inside,
/// like the triggers that a foreign key of ours has on the table that it points to; and so is a table's own TOAST, which
/// PostgreSQL keeps in a schema of its own.
pub(crate) fn dependents_outside(
    connection: &mut PgConnection,
    schema: &str,
) -> QueryResult<Vec<String>> {
    let rows: Vec<Named> = diesel::sql_query(DEPENDENTS)
        .bind::<Text, _>(schema)
        .load(connection)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Drops it with all that is in it. One round trip.
pub(crate) fn drop_schema(connection: &mut PgConnection, schema: &str) -> QueryResult<()> {
    execute(connection, &format!("DROP SCHEMA \"{schema}\" CASCADE;"))
}

#[cfg(test)]
mod tests {
    use crate::repository::snapshots::assert_snapshot;

    #[test]
    fn the_query_of_dependents_is_what_was_reviewed() {
        assert_snapshot("dependents_outside", super::DEPENDENTS);
    }
}
