use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, SmallInt, Text};
use diesel::{PgConnection, sql_query};
use tenantry::ports::Mark;
use tenantry::{Excerpt, TenantSchema};

use super::AdoptionError;
use crate::mark::read_mark;

/// A table that is in both schemas, with columns that agree. Its identifiers are quoted already.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) shared: String,
    pub(super) tenant: String,
    columns: Vec<Column>,
    key: Vec<String>,
    /// Whether its rows refer to other rows of it, so that they go in one batch.
    pub(super) refers_to_itself: bool,
}

#[derive(Debug)]
struct Column {
    quoted: String,
    /// What to cast a shared value to, where the tenant has a type of its own.
    cast: Option<String>,
}

impl Table {
    pub(super) fn read(
        connection: &mut PgConnection,
        shared_schema: &str,
        schema: &TenantSchema,
        name: &str,
    ) -> Result<Self, AdoptionError> {
        let tenant_schema = schema.name.as_str();
        let shared = described(connection, shared_schema, name)?;
        let tenant = described(connection, tenant_schema, name)?;
        let columns = agree(name, &shared, &tenant)?;
        let mut key: Vec<_> = tenant
            .iter()
            .filter(|column| column.key.is_some())
            .collect();
        key.sort_by_key(|column| column.key);
        if key.is_empty() {
            return Err(AdoptionError::NoPrimaryKey {
                table: Excerpt::of(name),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            shared: qualified(shared_schema, name),
            tenant: qualified(tenant_schema, name),
            columns,
            key: key.iter().map(|column| quoted(&column.name)).collect(),
            refers_to_itself: tenant.iter().any(|column| column.refers_to_itself),
        })
    }

    /// The columns, for an INSERT.
    pub(super) fn columns(&self) -> String {
        list(&self.columns, |column| column.quoted.clone())
    }

    /// The columns of the shared row `alias`, as the tenant's table takes them.
    pub(super) fn shared_values(&self, alias: &str) -> String {
        list(&self.columns, |column| match &column.cast {
            Some(cast) => format!("{alias}.{}::text::{cast}", column.quoted),
            None => format!("{alias}.{}", column.quoted),
        })
    }

    /// A number of 60 bits that stands for the whole row `alias`: equal rows have equal numbers.
    pub(super) fn digest(&self, alias: &str) -> String {
        let values = list(&self.columns, |column| {
            format!("{alias}.{}::text", column.quoted)
        });
        format!("('x' || left(md5(ROW({values})::text), 15))::bit(60)::bigint")
    }

    /// The primary key's columns of `alias`.
    pub(super) fn key(&self, alias: &str) -> String {
        list(&self.key, |column| format!("{alias}.{column}"))
    }

    /// That two rows have the same primary key.
    pub(super) fn same_key(&self, one: &str, other: &str) -> String {
        let equal = |column: &String| format!("{one}.{column} = {other}.{column}");
        self.key.iter().map(equal).collect::<Vec<_>>().join(" AND ")
    }
}

/// Refuses a schema that isn't there or carries another's mark.
pub(super) fn prove_owner(
    connection: &mut PgConnection,
    schema: &TenantSchema,
) -> Result<(), AdoptionError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Nullable<Text>)]
        mark: Option<String>,
    }

    let found = sql_query(
        "SELECT obj_description(oid, 'pg_namespace') AS mark FROM pg_namespace WHERE nspname = $1",
    )
    .bind::<Text, _>(schema.name.as_str())
    .get_result::<Found>(connection)
    .optional()
    .map_err(AdoptionError::failed(
        schema.name.as_str(),
        "looking for the schema",
    ))?;
    let mark = found.and_then(|found| found.mark);
    if read_mark(mark.as_deref()) == Mark::Tenant(schema.tenant) {
        Ok(())
    } else {
        Err(AdoptionError::NotTheTenants { schema: *schema })
    }
}

#[derive(QueryableByName)]
struct Described {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Text)]
    bare_type: String,
    #[diesel(sql_type = Bool)]
    system_type: bool,
    #[diesel(sql_type = Bool)]
    generated: bool,
    #[diesel(sql_type = Nullable<SmallInt>)]
    key: Option<i16>,
    #[diesel(sql_type = Bool)]
    refers_to_itself: bool,
}

/// The columns of a table in their order; an error if there is no such table.
fn described(
    connection: &mut PgConnection,
    schema: &str,
    table: &str,
) -> Result<Vec<Described>, AdoptionError> {
    let columns = sql_query(
        "SELECT a.attname::text AS name, \
                format('%I.%I', tn.nspname, t.typname) AS type_name, \
                t.typname::text AS bare_type, \
                tn.nspname = 'pg_catalog' AS system_type, \
                a.attgenerated <> '' AS generated, \
                array_position(i.indkey::smallint[], a.attnum)::smallint AS key, \
                EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' \
                        AND f.conrelid = c.oid AND f.confrelid = c.oid) AS refers_to_itself \
         FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         JOIN pg_type t ON t.oid = a.atttypid \
         JOIN pg_namespace tn ON tn.oid = t.typnamespace \
         LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
         WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p') \
         ORDER BY a.attnum",
    )
    .bind::<Text, _>(schema)
    .bind::<Text, _>(table)
    .load::<Described>(connection)
    .map_err(AdoptionError::failed(table, "reading its columns"))?;
    if columns.is_empty() {
        let (schema, table) = (schema.to_owned(), Excerpt::of(table));
        return Err(AdoptionError::NoSuchTable { schema, table });
    }
    Ok(columns)
}

/// The columns to copy, if both sides have the same ones of the same types.
fn agree(
    table: &str,
    shared: &[Described],
    tenant: &[Described],
) -> Result<Vec<Column>, AdoptionError> {
    let find = |side: &'_ [Described], name: &str| side.iter().position(|c| c.name == name);
    for column in shared {
        if find(tenant, &column.name).is_none() {
            return Err(differ(table, &column.name, Some(column), None));
        }
    }
    let mut columns = Vec::new();
    for column in tenant {
        let twin = find(shared, &column.name).map(|at| &shared[at]);
        let same_name = twin.is_some_and(|twin| twin.bare_type == column.bare_type);
        let own_type = !column.system_type && twin.is_some_and(|twin| !twin.system_type);
        let same_type = twin.is_some_and(|twin| twin.type_name == column.type_name);
        let agrees = same_type || (same_name && own_type);
        if !agrees {
            return Err(differ(table, &column.name, twin, Some(column)));
        }
        if !column.generated {
            let cast = (!same_type).then(|| column.type_name.clone());
            columns.push(Column {
                quoted: quoted(&column.name),
                cast,
            });
        }
    }
    Ok(columns)
}

fn differ(
    table: &str,
    column: &str,
    shared: Option<&Described>,
    tenant: Option<&Described>,
) -> AdoptionError {
    let shown =
        |side: Option<&Described>| side.map_or("absent", |column| &column.type_name).to_owned();
    AdoptionError::ColumnsDiffer {
        table: Excerpt::of(table),
        column: Excerpt::of(column),
        shared: shown(shared),
        tenant: shown(tenant),
    }
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}

/// An identifier in double quotes, whatever it holds.
fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_quoted_whatever_it_holds() {
        assert_eq!(
            quoted("a\"; drop table b; --"),
            "\"a\"\"; drop table b; --\""
        );
        assert_eq!(qualified("public", "order"), "\"public\".\"order\"");
    }
}
