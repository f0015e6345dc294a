//! Rows of JSON, as the port has them.

use serde_json::{Map, Value as Json};
use tenantry::ports::{ChangeRefusal, TablesError};
use tenantry::tables::{
    CellLimit, ColumnDeclaration, ColumnKind, NewValues, Row, RowPlan, RowTexts, TableDeclaration,
    Value,
};

/// A row as the port has it.
pub(super) fn read(
    table: &TableDeclaration,
    row: &Json,
    limit: CellLimit,
) -> Result<Row, TablesError> {
    let cells: Vec<_> = table
        .columns()
        .iter()
        .map(|column| text(row, column))
        .collect();
    let bytes = cells.iter().zip(table.columns()).map(|(text, column)| {
        let length = text.as_deref().map_or(0, str::len) as u64;
        // Two digits are a byte.
        if column.kind() == ColumnKind::Bytes {
            length / 2
        } else {
            length
        }
    });
    let texts = RowTexts {
        bytes: bytes.collect(),
        key: table.key().map(|column| text(row, column)).collect(),
        cells,
    };
    Row::read(table, texts, limit)
}

/// What a row holds in a column, as text.
pub(super) fn text(row: &Json, column: &ColumnDeclaration) -> Option<String> {
    match row.get(column.name().as_str())? {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What a row holds in a column: null, if it isn't of its kind.
pub(super) fn value(row: &Json, column: &ColumnDeclaration) -> Value {
    let text = text(row, column);
    let value = text.and_then(|text| column.kind().parse(&text).ok());
    value.unwrap_or(Value::Null)
}

pub(super) fn has_key(plan: &RowPlan, row: &Json) -> bool {
    let mut key = plan.key();
    key.all(|(column, wanted)| value(row, column) == *wanted)
}

/// A row of these values, and of what its key lacks.
pub(super) fn new_row(
    table: &TableDeclaration,
    stored: &[Json],
    values: &NewValues,
) -> Result<Json, TablesError> {
    let mut row = Map::new();
    for (column, value) in values.iter() {
        row.insert(column.name().as_str().into(), value.to_json());
    }
    let refused = |refusal| TablesError::Refused {
        table: table.name().clone(),
        refusal,
    };
    for column in table.key() {
        let name = column.name().as_str();
        if row.get(name).is_none_or(Json::is_null) {
            let next =
                next_number(stored, column).ok_or_else(|| refused(ChangeRefusal::NotNull))?;
            row.insert(name.into(), next.into());
        }
    }
    let row = Json::Object(row);
    let same = |other: &&Json| {
        let mut key = table.key();
        key.all(|column| value(other, column) == value(&row, column))
    };
    if stored.iter().any(|other| same(&other)) {
        return Err(refused(ChangeRefusal::Unique { constraint: None }));
    }
    Ok(row)
}

fn next_number(stored: &[Json], column: &ColumnDeclaration) -> Option<i64> {
    if column.kind() != ColumnKind::Integer {
        return None;
    }
    let numbers = stored.iter().map(|row| match value(row, column) {
        Value::Integer(number) => number,
        _ => 0,
    });
    numbers.max().unwrap_or(0).checked_add(1)
}
