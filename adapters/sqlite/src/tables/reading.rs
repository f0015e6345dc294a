use diesel::sql_types::{Double, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl};
use tenantry::ports::TablesError;
use tenantry::tables::{
    CellLimit, ColumnKind, Direction, FoundRow, OrderTerm, PagePlan, Row, RowPlan, RowTexts, Test,
    Value,
};

use super::column::{Column, Compared, Extent};
use super::fault::Asked;
use super::layout::Table;
use super::value::{Bound, Statement, exactly, infinite};
use crate::TenantConnection;

/// Lists in JSON, since a statement gives as many columns as Diesel is told of.
#[derive(QueryableByName)]
pub(super) struct TextRow {
    #[diesel(sql_type = Text)]
    cells: String,
    #[diesel(sql_type = Text)]
    types: String,
    #[diesel(sql_type = Text)]
    lengths: String,
    #[diesel(sql_type = Text)]
    of_key: String,
    #[diesel(sql_type = Text)]
    place: String,
    /// What a page is sorted by, if it is a number with a fraction: SQLite writes none of them exactly.
    #[diesel(sql_type = Nullable<Double>)]
    place_real: Option<f64>,
}

type Texts = Vec<Option<String>>;

/// The rows of a page, and one more.
pub(super) fn page(
    connection: &mut TenantConnection,
    plan: &PagePlan,
) -> Result<Vec<FoundRow>, TablesError> {
    let table = Table::of(connection, plan.table())?;
    let rows: Vec<TextRow> = page_statement(&table, plan)
        .query()
        .load(connection)
        .map_err(|error| Asked::ToRead(plan.table()).failed(error))?;
    let found = rows.into_iter().map(|row| {
        let mut place = list(&table, &row.place)?;
        if let (Some(real), Some(first)) = (row.place_real, place.first_mut()) {
            *first = Some(exactly(real));
        }
        let position = plan.placed(place)?;
        let row = read(&table, &row, plan.limit())?;
        Ok(FoundRow { row, position })
    });
    found.collect()
}

/// One row, if it is there.
pub(super) fn row(
    connection: &mut TenantConnection,
    table: &Table<'_>,
    key: &[Value],
) -> Result<Option<Row>, TablesError> {
    let limit = CellLimit::ROW;
    let selection = selection(table, limit, &[]);
    let mut statement = Statement::new(format!("SELECT {selection} FROM {} WHERE ", table.named()));
    with_key(table, &mut statement, key);
    statement.sql(" LIMIT 2");
    let rows: Vec<TextRow> = statement
        .query()
        .load(connection)
        .map_err(|error| Asked::ToRead(table.declared).failed(error))?;
    match &rows[..] {
        [] => Ok(None),
        [row] => read(table, row, limit).map(Some),
        _ => Err(TablesError::KeyNotUnique {
            table: table.declared.name().clone(),
        }),
    }
}

/// [`row`], as it was planned.
pub(super) fn planned(
    connection: &mut TenantConnection,
    plan: &RowPlan,
) -> Result<Option<Row>, TablesError> {
    let table = Table::of(connection, plan.table())?;
    row(connection, &table, plan.key_values())
}

/// Where the row of a key is.
pub(super) fn with_key(table: &Table<'_>, statement: &mut Statement, key: &[Value]) {
    for (at, (column, value)) in table.key().zip(key).enumerate() {
        let compared = column.compared(Extent::Whole);
        let and = if at > 0 { " AND " } else { "" };
        statement.sql(format!("{and}{} = ", compared.expression));
        compared.value(statement, value);
    }
}

/// The key's values, as an expression that [`list`] reads.
pub(super) fn key_selection(table: &Table<'_>) -> String {
    let key = table.key().map(|column| column.compared(Extent::Whole));
    json(key.map(|compared| compared.as_text()))
}

/// A list of texts, as one of the expressions here gives it.
pub(super) fn list(table: &Table<'_>, json: &str) -> Result<Texts, TablesError> {
    serde_json::from_str(json).map_err(|_| unreadable(table))
}

fn unreadable(table: &Table<'_>) -> TablesError {
    TablesError::KeyUnreadable {
        table: table.declared.name().clone(),
    }
}

fn read(table: &Table<'_>, row: &TextRow, limit: CellLimit) -> Result<Row, TablesError> {
    let types = list(table, &row.types)?;
    let cells = list(table, &row.cells)?.into_iter().zip(types);
    let shown = cells.map(|(text, of)| match of.as_deref() {
        Some("real") => text.map(infinite),
        _ => text,
    });
    let texts = RowTexts {
        cells: shown.collect(),
        bytes: serde_json::from_str(&row.lengths).map_err(|_| unreadable(table))?,
        key: list(table, &row.of_key)?,
    };
    Row::read(table.declared, texts, limit)
}

/// What is selected of a row.
fn selection(table: &Table<'_>, limit: CellLimit, place: &[Compared]) -> String {
    format!(
        "{} AS cells, {} AS types, {} AS lengths, {} AS of_key, {} AS place, {} AS place_real",
        json(table.columns().map(|column| column.shown(limit))),
        json(
            table
                .columns()
                .map(|column| format!("typeof({})", column.named()))
        ),
        json(table.columns().map(Column::length)),
        key_selection(table),
        json(place.iter().map(Compared::as_text)),
        place
            .first()
            .map_or_else(|| "NULL".into(), Compared::as_real),
    )
}

fn json(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<_> = texts.collect();
    format!("json_array({})", texts.join(", "))
}

fn page_statement(table: &Table<'_>, plan: &PagePlan) -> Statement {
    let terms: Vec<(OrderTerm, Compared)> = plan
        .order()
        .iter()
        .filter_map(|term| {
            let column = table.column(term.column(plan.table()).name().as_str())?;
            let extent = if term.is_key() {
                Extent::Whole
            } else {
                Extent::Beginning
            };
            Some((*term, column.compared(extent)))
        })
        .collect();
    let place: Vec<_> = terms.iter().map(|(_, compared)| compared.clone()).collect();
    let selection = selection(table, plan.limit(), &place);
    let mut statement = Statement::new(format!(
        "SELECT {selection} FROM {} WHERE true",
        table.named()
    ));
    for (declared, test) in plan.conditions() {
        if let Some(column) = table.column(declared.name().as_str()) {
            statement.sql(" AND ");
            condition(&mut statement, column, test);
        }
    }
    if let Some(position) = plan.position() {
        statement.sql(" AND ");
        after(&mut statement, &terms, position);
    }
    let order: Vec<_> = terms
        .iter()
        .map(|(term, compared)| ordered(*term, compared))
        .collect();
    statement.sql(format!(" ORDER BY {} LIMIT ", order.join(", ")));
    statement.bind(Bound::Integer(i64::from(plan.size().number()) + 1));
    statement
}

fn condition(statement: &mut Statement, column: Column<'_>, test: &Test) {
    match test {
        Test::IsNull => statement.sql(format!("{} IS NULL", column.named())),
        Test::IsNotNull => statement.sql(format!("{} IS NOT NULL", column.named())),
        Test::Contains(part) => column.contains(statement, part),
        Test::Compares(comparison, value) => {
            let compared = match column.declared.kind() {
                // Written in either case.
                ColumnKind::Uuid => format!("lower({})", column.named()),
                _ => column.compared(Extent::Whole).expression,
            };
            statement.sql(format!("{compared} {} ", comparison.symbol()));
            column.compared(Extent::Whole).value(statement, value);
        }
    }
}

/// The rows after a position: those that are alike in the first columns and come later by the next.
fn after(statement: &mut Statement, terms: &[(OrderTerm, Compared)], position: &[Value]) {
    let by_key = |(term, _): &(OrderTerm, Compared)| {
        term.is_key() && term.direction() == Direction::Ascending
    };
    if terms.iter().all(by_key) {
        // One comparison of rows, which an index answers.
        let columns: Vec<_> = terms
            .iter()
            .map(|(_, compared)| compared.expression.as_str())
            .collect();
        statement.sql(format!("({}) > (", columns.join(", ")));
        for (at, ((_, compared), value)) in terms.iter().zip(position).enumerate() {
            statement.sql(if at > 0 { ", " } else { "" });
            compared.value(statement, value);
        }
        statement.sql(")");
        return;
    }
    let mut alternatives = 0;
    statement.sql("(");
    for (at, (term, compared)) in terms.iter().enumerate() {
        // Nothing comes after a null but by the next columns.
        if position[at] == Value::Null {
            continue;
        }
        statement.sql(if alternatives > 0 { " OR (" } else { "(" });
        alternatives += 1;
        for ((_, before), value) in terms[..at].iter().zip(position) {
            alike(statement, before, value);
            statement.sql(" AND ");
        }
        later(statement, *term, compared, &position[at]);
        statement.sql(")");
    }
    statement.sql(")");
}

fn alike(statement: &mut Statement, compared: &Compared, value: &Value) {
    if *value == Value::Null {
        statement.sql(format!("({}) IS NULL", compared.expression));
        return;
    }
    statement.sql(format!("{} = ", compared.expression));
    compared.value(statement, value);
}

fn later(statement: &mut Statement, term: OrderTerm, compared: &Compared, value: &Value) {
    let comparison = match term.direction() {
        Direction::Ascending => ">",
        Direction::Descending => "<",
    };
    let expression = &compared.expression;
    statement.sql(format!("({expression} {comparison} "));
    compared.value(statement, value);
    if !term.is_key() {
        statement.sql(format!(" OR ({expression}) IS NULL"));
    }
    statement.sql(")");
}

fn ordered(term: OrderTerm, compared: &Compared) -> String {
    let direction = match (term.direction(), term.is_key()) {
        (Direction::Ascending, true) => "ASC",
        (Direction::Ascending, false) => "ASC NULLS LAST",
        (Direction::Descending, true) => "DESC",
        (Direction::Descending, false) => "DESC NULLS LAST",
    };
    format!("{} {direction}", compared.expression)
}
