use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::plan::{column_of, table_of};
use super::{
    Cell, ColumnDeclaration, QueryRefused, Row, RowKey, RowPlan, RowVersion, TableCatalogue,
    TableDeclaration, Value, Writable,
};
use crate::audit::{AuditAction, AuditChain, AuditDetail, AuditRecord, AuditTarget};
use crate::ports::TablesError;
use crate::{BoxError, TenantContext, TenantId};

/// A change of one row that may be made: every column in it may be written to, and every value is of its kind.
#[derive(Clone, Debug)]
pub struct RowChange {
    tenant: TenantId,
    table: Arc<TableDeclaration>,
    kind: ChangeKind,
}

/// What is done to a row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ChangeKind {
    /// A row is added.
    Insert(NewValues),
    /// A row that is still what it was is changed.
    Update(RowPlan, RowVersion, NewValues),
    /// A row that is still what it was is deleted.
    Delete(RowPlan, RowVersion),
}

/// Values for columns that may be written to.
#[derive(Clone, Debug)]
pub struct NewValues {
    table: Arc<TableDeclaration>,
    values: Vec<(usize, Value)>,
}

/// A value for a column, in whoever asks's words.
pub type GivenValue = (String, Value);

impl RowChange {
    /// Plans to add a row. What isn't given is what the database makes of it.
    ///
    /// # Errors
    /// [`QueryRefused`].
    pub fn insert(
        catalogue: &TableCatalogue,
        tenant: TenantId,
        table: &str,
        values: &[GivenValue],
    ) -> Result<Self, QueryRefused> {
        let table = Arc::clone(table_of(catalogue, table)?);
        if !table.is_insertable() {
            let table = table.name().clone();
            return Err(QueryRefused::NotInsertable { table });
        }
        let values = NewValues::checked(&table, values, true)?;
        Ok(Self {
            tenant,
            table,
            kind: ChangeKind::Insert(values),
        })
    }

    /// Plans to change a row that is still what it was at `expected`.
    ///
    /// # Errors
    /// [`QueryRefused`].
    pub fn update(
        catalogue: &TableCatalogue,
        tenant: TenantId,
        table: &str,
        key: &RowKey,
        values: &[GivenValue],
        expected: RowVersion,
    ) -> Result<Self, QueryRefused> {
        let row = RowPlan::new(catalogue, tenant, table, key)?;
        let table = Arc::clone(table_of(catalogue, table)?);
        let values = NewValues::checked(&table, values, false)?;
        if values.values.is_empty() {
            return Err(QueryRefused::NothingToChange);
        }
        Ok(Self {
            tenant,
            table,
            kind: ChangeKind::Update(row, expected, values),
        })
    }

    /// Plans to delete a row that is still what it was at `expected`.
    ///
    /// # Errors
    /// [`QueryRefused`].
    pub fn delete(
        catalogue: &TableCatalogue,
        tenant: TenantId,
        table: &str,
        key: &RowKey,
        expected: RowVersion,
    ) -> Result<Self, QueryRefused> {
        let row = RowPlan::new(catalogue, tenant, table, key)?;
        let table = Arc::clone(table_of(catalogue, table)?);
        if !table.is_deletable() {
            let table = table.name().clone();
            return Err(QueryRefused::NotDeletable { table });
        }
        Ok(Self {
            tenant,
            table,
            kind: ChangeKind::Delete(row, expected),
        })
    }

    /// Whose row.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The table.
    pub fn table(&self) -> &TableDeclaration {
        &self.table
    }

    /// What is done.
    pub fn kind(&self) -> &ChangeKind {
        &self.kind
    }

    /// Whether the change may be made of the row as it is now, which is `None` if it isn't there.
    ///
    /// # Errors
    /// [`TablesError::NotFound`]; [`TablesError::Stale`] if it isn't what it was; [`TablesError::TooLarge`] if a column that is
    /// changed holds more than whoever changes it was shown.
    pub fn check(&self, now: Option<&Row>) -> Result<(), TablesError> {
        let (expected, values) = match &self.kind {
            ChangeKind::Insert(_) => return Ok(()),
            ChangeKind::Update(_, expected, values) => (expected, Some(values)),
            ChangeKind::Delete(_, expected) => (expected, None),
        };
        let table = self.table.name().clone();
        let Some(now) = now else {
            return Err(TablesError::NotFound { table });
        };
        if now.version(self.tenant, &self.table) != *expected {
            return Err(TablesError::Stale { table });
        }
        let mut changed = values.into_iter().flat_map(|values| &values.values);
        match changed.find(|(at, _)| matches!(now.cells.get(*at), Some(Cell::Cut { .. }))) {
            Some((at, _)) => Err(TablesError::TooLarge {
                table,
                column: self.table.columns()[*at].name().clone(),
            }),
            None => Ok(()),
        }
    }

    /// What the audit log says of the change: who changed which columns of which row, and what the row was before and after as
    /// a [`RowVersion`]. The values themselves aren't in it, since the log outlives them.
    ///
    /// # Errors
    /// None that a declared table can cause.
    pub fn record(
        &self,
        context: &TenantContext,
        at: DateTime<Utc>,
        before: Option<&Row>,
        after: Option<&Row>,
    ) -> Result<AuditRecord, BoxError> {
        let (action, columns) = match &self.kind {
            ChangeKind::Insert(values) => ("row.inserted", values.names()),
            ChangeKind::Update(_, _, values) => ("row.updated", values.names()),
            ChangeKind::Delete(..) => ("row.deleted", Vec::new()),
        };
        let key = self.shown_key(after.or(before));
        let version = |row: &Row| row.version(self.tenant, &self.table).to_string();
        let target: String = alloc::format!("{} {}", self.table.name(), key.join(" "))
            .escape_debug()
            .take(AuditTarget::MAX_LENGTH)
            .collect();
        let detail = json!({
            "table": self.table.name(),
            "key": key,
            "columns": columns,
            "before": before.map(version),
            "after": after.map(version),
        });
        Ok(AuditRecord {
            chain: AuditChain::Tenant(self.tenant),
            at,
            actor: context.actor().clone(),
            action: AuditAction::new(action)?,
            target: AuditTarget::new(target)?,
            detail: AuditDetail::of(&detail)?,
        })
    }

    fn shown_key(&self, row: Option<&Row>) -> Vec<String> {
        let values = row.and_then(|row| row.key.values(&self.table).ok());
        let shown = |value: &Value| value.to_text().unwrap_or_default();
        values.iter().flatten().map(shown).collect()
    }
}

impl NewValues {
    fn checked(
        table: &Arc<TableDeclaration>,
        given: &[GivenValue],
        of_new: bool,
    ) -> Result<Self, QueryRefused> {
        let mut values: Vec<(usize, Value)> = Vec::new();
        for (name, value) in given {
            let at = column_of(table, name)?;
            let column = &table.columns()[at];
            let name = || column.name().clone();
            let writable = match column.writable() {
                Writable::Always => true,
                Writable::OnInsert => of_new,
                Writable::Never => false,
            };
            if !writable {
                let column = name();
                return Err(QueryRefused::NotWritable { column, of_new });
            }
            if values.iter().any(|(other, _)| *other == at) {
                return Err(QueryRefused::GivenTwice { column: name() });
            }
            values.push((at, of_kind(column, value)?));
        }
        Ok(Self {
            table: Arc::clone(table),
            values,
        })
    }

    /// The columns and their values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ColumnDeclaration, &Value)> {
        let columns = self.table.columns();
        self.values.iter().map(|(at, value)| (&columns[*at], value))
    }

    fn names(&self) -> Vec<&str> {
        self.iter()
            .map(|(column, _)| column.name().as_str())
            .collect()
    }
}

fn of_kind(column: &ColumnDeclaration, value: &Value) -> Result<Value, QueryRefused> {
    let text = match value.to_text() {
        None => return Ok(Value::Null),
        Some(_) if value.kind() == Some(column.kind()) => return Ok(value.clone()),
        Some(text) => text,
    };
    column
        .kind()
        .parse(&text)
        .map_err(|source| QueryRefused::BadValue {
            column: column.name().clone(),
            source,
        })
}
