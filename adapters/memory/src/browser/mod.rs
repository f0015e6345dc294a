//! Browsing a tenant's rows of JSON.

mod compare;
mod rows;

use std::sync::Arc;

use async_trait::async_trait;
use futures_lite::future::block_on;
use serde_json::Value as Json;
use tenantry::TenantContext;
use tenantry::ports::{
    AuditStore, ChangeRefusal, Clock, ScopeMode, TablesError, TenantScopes, TenantTables,
    same_tenant,
};
use tenantry::tables::{
    CellLimit, ChangeKind, FoundRow, NewValues, PagePlan, Row, RowChange, RowPlan, TableDeclaration,
};

use crate::{MemoryScopes, TenantConnection};

/// Tenants' declared tables in a [`MemoryDatabase`](crate::MemoryDatabase), whose rows are JSON objects: the plainly right one.
///
/// A column's value is the member of its name, as [`Value::to_json`](tenantry::tables::Value::to_json) writes it. Nothing but a key's uniqueness is checked, and
/// an integer key that isn't given is one more than the largest.
#[derive(Clone)]
pub struct MemoryTenantTables {
    scopes: MemoryScopes,
    audit: Arc<dyn AuditStore>,
    clock: Arc<dyn Clock>,
}

impl MemoryTenantTables {
    /// The tables of the tenants in `scopes`, whose changes are recorded in `audit`.
    pub fn new(scopes: MemoryScopes, audit: Arc<dyn AuditStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            scopes,
            audit,
            clock,
        }
    }

    fn changed(&self, context: &TenantContext, change: &RowChange) -> Result<Row, TablesError> {
        let mode = ScopeMode::Transaction;
        self.scopes.in_tenant(context, mode, |connection| {
            let (before, after) = make(connection, change)?;
            let record = change.record(context, self.clock.now(), before.as_ref(), after.as_ref());
            let record = record.map_err(|source| TablesError::Failed {
                table: change.table().name().clone(),
                source,
            })?;
            block_on(self.audit.append(&record))
                .map_err(|source| TablesError::Unrecorded { source })?;
            after.or(before).ok_or_else(|| gone(change.table()))
        })
    }
}

fn gone(table: &TableDeclaration) -> TablesError {
    TablesError::NotFound {
        table: table.name().clone(),
    }
}

/// What the row was before, and is after.
fn make(
    connection: &mut TenantConnection,
    change: &RowChange,
) -> Result<(Option<Row>, Option<Row>), TablesError> {
    let table = change.table();
    let name = table.name().as_str();
    match change.kind() {
        ChangeKind::Insert(values) => {
            let new = rows::new_row(table, &stored(connection, table)?, values)?;
            connection.insert(name, new.clone())?;
            let row = rows::read(table, &new, CellLimit::ROW)?;
            Ok((None, Some(row)))
        }
        ChangeKind::Update(plan, _, values) => {
            let before = found(connection, plan)?;
            change.check(before.as_ref())?;
            connection.update(name, |row| {
                let wanted = rows::has_key(plan, row);
                if wanted {
                    give(row, values);
                }
                wanted
            })?;
            Ok((before, found(connection, plan)?))
        }
        ChangeKind::Delete(plan, _) => {
            let before = found(connection, plan)?;
            change.check(before.as_ref())?;
            connection.delete(name, |row| rows::has_key(plan, row))?;
            Ok((before, None))
        }
        _ => Err(TablesError::Refused {
            table: table.name().clone(),
            refusal: ChangeRefusal::Forbidden,
        }),
    }
}

fn give(row: &mut Json, values: &NewValues) {
    for (column, value) in values.iter() {
        row[column.name().as_str()] = value.to_json();
    }
}

fn found(connection: &mut TenantConnection, plan: &RowPlan) -> Result<Option<Row>, TablesError> {
    let stored = stored(connection, plan.table())?;
    let mut wanted = stored.iter().filter(|row| rows::has_key(plan, row));
    match (wanted.next(), wanted.next()) {
        (None, _) => Ok(None),
        (Some(row), None) => rows::read(plan.table(), row, CellLimit::ROW).map(Some),
        (Some(_), Some(_)) => Err(TablesError::KeyNotUnique {
            table: plan.table().name().clone(),
        }),
    }
}

fn stored(
    connection: &mut TenantConnection,
    table: &TableDeclaration,
) -> Result<Vec<Json>, TablesError> {
    let name = table.name().as_str();
    if !connection.tables()?.iter().any(|there| there == name) {
        return Err(TablesError::NotAsDeclared {
            table: table.name().clone(),
            reason: "it isn't there".into(),
        });
    }
    Ok(connection.rows(name)?)
}

#[async_trait]
impl TenantTables for MemoryTenantTables {
    async fn page(
        &self,
        context: &TenantContext,
        plan: &PagePlan,
    ) -> Result<Vec<FoundRow>, TablesError> {
        same_tenant(context, plan.tenant())?;
        let stored = self
            .scopes
            .in_tenant(context, ScopeMode::Transaction, |connection| {
                stored(connection, plan.table())
            })?;
        compare::page(plan, &stored)
    }

    async fn row(
        &self,
        context: &TenantContext,
        plan: &RowPlan,
    ) -> Result<Option<Row>, TablesError> {
        same_tenant(context, plan.tenant())?;
        self.scopes
            .in_tenant(context, ScopeMode::Transaction, |connection| {
                found(connection, plan)
            })
    }

    async fn change(
        &self,
        context: &TenantContext,
        change: &RowChange,
    ) -> Result<Row, TablesError> {
        same_tenant(context, change.tenant())?;
        self.changed(context, change)
    }
}

impl std::fmt::Debug for MemoryTenantTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryTenantTables").finish_non_exhaustive()
    }
}
