use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl};
use tenantry::ports::{ChangeRefusal, TablesError};
use tenantry::tables::{ChangeKind, NewValues, Row, RowChange, RowPlan, Value};

use super::fault::Asked;
use super::layout::Table;
use super::reading::{key_selection, list, row, with_key};
use super::value::Statement;
use crate::TenantConnection;

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    of_key: String,
}

/// Makes a change in the caller's transaction, which keeps everybody else from writing. Gives what the row was before, and is
/// after.
pub(super) fn make(
    connection: &mut TenantConnection,
    change: &RowChange,
) -> Result<(Option<Row>, Option<Row>), TablesError> {
    let table = Table::of(connection, change.table())?;
    match change.kind() {
        ChangeKind::Insert(values) => {
            let key = insert(connection, &table, values)?;
            let new = row(connection, &table, &key)?;
            Ok((None, Some(new.ok_or_else(|| refused(&table))?)))
        }
        ChangeKind::Update(plan, _, values) => {
            let before = row(connection, &table, plan.key_values())?;
            change.check(before.as_ref())?;
            let mut statement = Statement::new(format!("UPDATE {} SET ", table.named()));
            set(&mut statement, &table, values);
            one(connection, &table, plan, statement)?;
            let after = row(connection, &table, plan.key_values())?;
            Ok((before, Some(after.ok_or_else(|| refused(&table))?)))
        }
        ChangeKind::Delete(plan, _) => {
            let before = row(connection, &table, plan.key_values())?;
            change.check(before.as_ref())?;
            let statement = Statement::new(format!("DELETE FROM {}", table.named()));
            one(connection, &table, plan, statement)?;
            Ok((before, None))
        }
        _ => Err(refused(&table)),
    }
}

fn refused(table: &Table<'_>) -> TablesError {
    TablesError::Refused {
        table: table.declared.name().clone(),
        refusal: ChangeRefusal::Forbidden,
    }
}

/// Runs a statement on the one row of a key.
fn one(
    connection: &mut TenantConnection,
    table: &Table<'_>,
    plan: &RowPlan,
    mut statement: Statement,
) -> Result<(), TablesError> {
    statement.sql(" WHERE ");
    with_key(table, &mut statement, plan.key_values());
    let changed = statement
        .query()
        .execute(connection)
        .map_err(|error| Asked::ToChange(table.declared).failed(error))?;
    match changed {
        1 => Ok(()),
        0 => Err(refused(table)),
        _ => Err(TablesError::KeyNotUnique {
            table: table.declared.name().clone(),
        }),
    }
}

/// Adds a row, and gives its key.
fn insert(
    connection: &mut TenantConnection,
    table: &Table<'_>,
    values: &NewValues,
) -> Result<Vec<Value>, TablesError> {
    let mut statement = Statement::new(format!("INSERT INTO {} ", table.named()));
    if values.iter().len() == 0 {
        statement.sql("DEFAULT VALUES");
    } else {
        let columns = values.iter().map(|(column, _)| column.name().quoted());
        let columns: Vec<_> = columns.collect();
        statement.sql(format!("({}) VALUES (", columns.join(", ")));
        for (at, (declared, value)) in values.iter().enumerate() {
            statement.sql(if at > 0 { ", " } else { "" });
            if let Some(column) = table.column(declared.name().as_str()) {
                column.given(&mut statement, value);
            }
        }
        statement.sql(")");
    }
    statement.sql(format!(" RETURNING {} AS of_key", key_selection(table)));
    let keys: Vec<Key> = statement
        .query()
        .load(connection)
        .map_err(|error| Asked::ToChange(table.declared).failed(error))?;
    let key = keys.first().ok_or_else(|| refused(table))?;
    let texts = list(table, &key.of_key)?;
    let unreadable = || TablesError::KeyUnreadable {
        table: table.declared.name().clone(),
    };
    let values = texts
        .iter()
        .zip(table.declared.key())
        .map(|(text, column)| {
            let text = text.as_deref().ok_or_else(unreadable)?;
            column.kind().parse(text).map_err(|_| unreadable())
        });
    values.collect()
}

fn set(statement: &mut Statement, table: &Table<'_>, values: &NewValues) {
    for (at, (declared, value)) in values.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        if let Some(column) = table.column(declared.name().as_str()) {
            statement.sql(format!("{comma}{} = ", declared.name().quoted()));
            column.given(statement, value);
        }
    }
}
