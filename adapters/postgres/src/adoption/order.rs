use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use diesel::{PgConnection, sql_query};
use tenantry::Excerpt;

use super::AdoptionError;

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    parent: String,
}

/// The tables in an order in which every one comes after those that it refers to.
pub(super) fn parents_first(
    connection: &mut PgConnection,
    schema: &str,
    tables: &[String],
) -> Result<Vec<String>, AdoptionError> {
    let references = sql_query(
        "SELECT c.relname::text AS child, p.relname::text AS parent \
         FROM pg_constraint f \
         JOIN pg_class c ON c.oid = f.conrelid \
         JOIN pg_class p ON p.oid = f.confrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE f.contype = 'f' AND n.nspname = $1 AND p.relnamespace = c.relnamespace \
           AND c.oid <> p.oid AND c.relname = ANY($2) AND p.relname = ANY($2)",
    )
    .bind::<Text, _>(schema)
    .bind::<Array<Text>, _>(tables)
    .load::<Reference>(connection)
    .map_err(AdoptionError::failed(schema, "reading its foreign keys"))?;
    sort(tables, &references)
}

#[derive(QueryableByName)]
struct Cascade {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    referring: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Refuses tables whose rows can't be removed without changing rows that refer to them.
pub(super) fn refuse_cascades(
    connection: &mut PgConnection,
    schema: &str,
    tables: &[String],
) -> Result<(), AdoptionError> {
    let found = sql_query(
        "SELECT p.relname::text AS table, f.conrelid::regclass::text AS referring, \
                f.conname::text AS name \
         FROM pg_constraint f \
         JOIN pg_class p ON p.oid = f.confrelid \
         JOIN pg_namespace n ON n.oid = p.relnamespace \
         WHERE f.contype = 'f' AND f.confdeltype NOT IN ('a', 'r') \
           AND n.nspname = $1 AND p.relname = ANY($2) \
         ORDER BY 1, 2, 3 LIMIT 1",
    )
    .bind::<Text, _>(schema)
    .bind::<Array<Text>, _>(tables)
    .get_result::<Cascade>(connection)
    .optional()
    .map_err(AdoptionError::failed(schema, "reading what refers to it"))?;
    match found {
        Some(Cascade {
            table,
            referring,
            name,
        }) => Err(AdoptionError::WouldCascade {
            table: Excerpt::of(&table),
            referring: Excerpt::of(&referring),
            constraint: Excerpt::of(&name),
        }),
        None => Ok(()),
    }
}

fn sort(tables: &[String], references: &[Reference]) -> Result<Vec<String>, AdoptionError> {
    let mut waiting: BTreeSet<&String> = tables.iter().collect();
    let mut ordered = Vec::with_capacity(tables.len());
    while !waiting.is_empty() {
        let blocked = |table: &String| {
            references
                .iter()
                .any(|r| r.child == *table && waiting.contains(&r.parent))
        };
        let ready: Vec<_> = waiting
            .iter()
            .copied()
            .filter(|table| !blocked(table))
            .collect();
        if ready.is_empty() {
            let tables = waiting.into_iter().cloned().collect::<Vec<_>>().join(", ");
            return Err(AdoptionError::Circle { tables });
        }
        for table in ready {
            waiting.remove(table);
            ordered.push(table.clone());
        }
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tables: &[&str]) -> Vec<String> {
        tables.iter().map(ToString::to_string).collect()
    }

    fn references(pairs: &[(&str, &str)]) -> Vec<Reference> {
        let reference = |(child, parent): &(&str, &str)| Reference {
            child: (*child).to_owned(),
            parent: (*parent).to_owned(),
        };
        pairs.iter().map(reference).collect()
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let pairs = references(&[
            ("items", "orders"),
            ("orders", "customers"),
            ("items", "articles"),
        ]);
        let tables = names(&["items", "orders", "customers", "articles"]);
        let ordered = sort(&tables, &pairs).unwrap();
        assert_eq!(
            ordered,
            names(&["articles", "customers", "orders", "items"])
        );
    }

    #[test]
    fn a_circle_is_refused_and_named() {
        let pairs = references(&[("a", "b"), ("b", "a")]);
        let refused = sort(&names(&["a", "b", "c"]), &pairs).unwrap_err();
        assert!(matches!(refused, AdoptionError::Circle { tables } if tables == "a, b"));
    }
}
