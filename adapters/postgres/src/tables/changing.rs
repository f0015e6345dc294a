use chrono::{DateTime, Utc};
use diesel::prelude::*;
use tenantry::TenantContext;
use tenantry::ports::{ChangeRefusal, TablesError};
use tenantry::tables::{CellLimit, ChangeKind, NewValues, Row, RowChange};

use super::fault::Asked;
use super::reading::{Once, Table, TextRow, one};
use crate::repository::statement::Statement;
use crate::{PostgresAuditStore, TenantConnection};

/// Waits for whoever changes the row, and keeps others from it until the transaction ends.
const LOCKED: &str = " FOR UPDATE OF t";

/// Makes a change and appends its record, in the caller's transaction. The record comes last, since others wait for its log.
pub(super) fn change(
    connection: &mut TenantConnection,
    audit: &PostgresAuditStore,
    context: &TenantContext,
    change: &RowChange,
    at: DateTime<Utc>,
) -> Result<Row, TablesError> {
    let table = Table::of(connection, change.table())?;
    let (before, after) = make(connection, &table, change)?;
    let record = change
        .record(context, at, before.as_ref(), after.as_ref())
        .map_err(|source| TablesError::Failed {
            table: change.table().name().clone(),
            source,
        })?;
    audit
        .append_in_tenant(connection, &record)
        .map_err(|source| TablesError::Unrecorded { source })?;
    after.or(before).ok_or_else(|| TablesError::NotFound {
        table: change.table().name().clone(),
    })
}

/// What the row was before, and is after.
fn make(
    connection: &mut TenantConnection,
    table: &Table<'_>,
    change: &RowChange,
) -> Result<(Option<Row>, Option<Row>), TablesError> {
    let named = table.named();
    let returning = format!(" RETURNING {}", table.selection(CellLimit::ROW, &[]));
    match change.kind() {
        ChangeKind::Insert(values) => {
            let statement = Statement::new(format!("INSERT INTO {named} "));
            let statement = inserted(statement, table, values).sql(returning);
            let row = changed(connection, table, statement)?;
            Ok((None, Some(row)))
        }
        ChangeKind::Update(plan, _, values) => {
            let before = one(connection, table, plan, LOCKED)?;
            change.check(before.as_ref())?;
            let statement = Statement::new(format!("UPDATE {named} SET "));
            let statement = set(statement, table, values).sql(" WHERE ");
            let statement = table.with_key(statement, plan.key_values()).sql(returning);
            let row = changed(connection, table, statement)?;
            Ok((before, Some(row)))
        }
        ChangeKind::Delete(plan, _) => {
            let before = one(connection, table, plan, LOCKED)?;
            change.check(before.as_ref())?;
            let statement = Statement::new(format!("DELETE FROM {named} WHERE "));
            let statement = table.with_key(statement, plan.key_values()).sql(returning);
            changed(connection, table, statement)?;
            Ok((before, None))
        }
        _ => Err(TablesError::Refused {
            table: table.declared.name().clone(),
            refusal: ChangeRefusal::Forbidden,
        }),
    }
}

/// The one row that a statement changed. A trigger may have kept it from that, and a key may be several rows'.
fn changed(
    connection: &mut TenantConnection,
    table: &Table<'_>,
    statement: Statement,
) -> Result<Row, TablesError> {
    let rows: Vec<TextRow> = Once(statement)
        .load(connection)
        .map_err(|error| Asked::ToChange(table.declared).failed(&error))?;
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (Some(row), None) => table.read(row, CellLimit::ROW),
        (None, _) => Err(TablesError::Refused {
            table: table.declared.name().clone(),
            refusal: ChangeRefusal::Forbidden,
        }),
        (Some(_), Some(_)) => Err(TablesError::KeyNotUnique {
            table: table.declared.name().clone(),
        }),
    }
}

fn inserted(statement: Statement, table: &Table<'_>, values: &NewValues) -> Statement {
    if values.iter().len() == 0 {
        return statement.sql("DEFAULT VALUES");
    }
    let columns: Vec<_> = values
        .iter()
        .map(|(column, _)| column.name().quoted())
        .collect();
    let mut statement = statement.sql(format!("({}) VALUES (", columns.join(", ")));
    for (at, (declared, value)) in values.iter().enumerate() {
        statement = statement.sql(if at > 0 { ", " } else { "" });
        if let Some(column) = table.column(declared.name().as_str()) {
            statement = column.given(statement, value);
        }
    }
    statement.sql(")")
}

fn set(mut statement: Statement, table: &Table<'_>, values: &NewValues) -> Statement {
    for (at, (declared, value)) in values.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        if let Some(column) = table.column(declared.name().as_str()) {
            statement = statement.sql(format!("{comma}{} = ", declared.name().quoted()));
            statement = column.given(statement, value);
        }
    }
    statement
}
