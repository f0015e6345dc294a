use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Untyped};
use tenantry::SchemaName;
use tenantry::ports::TablesError;
use tenantry::tables::{
    CellLimit, Direction, FoundRow, OrderTerm, PagePlan, Row, RowPlan, RowTexts, TableDeclaration,
    Test, Value,
};

use super::catalog::{Type, types};
use super::column::{Column, Compared, Extent};
use super::fault::Asked;
use crate::TenantConnection;
use crate::repository::statement::Statement;

/// A table of one tenant, as it is there.
pub(super) struct Table<'p> {
    pub(super) declared: &'p TableDeclaration,
    types: Vec<Type>,
    schema: SchemaName,
}

/// A statement that isn't kept prepared: there are as many as there are tenants, tables and filters.
pub(super) struct Once(pub(super) Statement);

#[derive(QueryableByName)]
pub(super) struct TextRow {
    #[diesel(sql_type = Array<Nullable<Text>>)]
    cells: Vec<Option<String>>,
    #[diesel(sql_type = Array<BigInt>)]
    lengths: Vec<i64>,
    #[diesel(sql_type = Array<Nullable<Text>>)]
    of_key: Vec<Option<String>>,
    #[diesel(sql_type = Array<Nullable<Text>>)]
    place: Vec<Option<String>>,
}

impl<'p> Table<'p> {
    /// Looks the table up in the tenant's schema.
    pub(super) fn of(
        connection: &mut TenantConnection,
        declared: &'p TableDeclaration,
    ) -> Result<Self, TablesError> {
        Ok(Self {
            types: types(connection, declared)?,
            schema: connection.schema().name,
            declared,
        })
    }

    /// The table with its schema, by the name `t`.
    pub(super) fn named(&self) -> String {
        let name = self.declared.name().quoted();
        format!("{}.{name} AS t", self.schema.quoted())
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        let declared = self.declared.columns().iter();
        declared
            .zip(&self.types)
            .map(|(declared, of)| Column { declared, of })
    }

    pub(super) fn column(&self, name: &str) -> Option<Column<'_>> {
        self.columns()
            .find(|column| column.declared.name().as_str() == name)
    }

    /// What is selected, or returned, of a row.
    pub(super) fn selection(&self, limit: CellLimit, place: &[Compared]) -> String {
        let list = |texts: Vec<String>, of: &str| {
            format!("ARRAY[{}]::pg_catalog.{of}[]", texts.join(", "))
        };
        let key = self
            .key()
            .map(|column| column.compared(Extent::Whole).as_text());
        format!(
            "{} AS cells, {} AS lengths, {} AS of_key, {} AS place",
            list(
                self.columns().map(|column| column.shown(limit)).collect(),
                "text"
            ),
            list(self.columns().map(Column::length).collect(), "int8"),
            list(key.collect(), "text"),
            list(place.iter().map(Compared::as_text).collect(), "text"),
        )
    }

    /// Where the row of a key is.
    pub(super) fn with_key(&self, mut statement: Statement, key: &[Value]) -> Statement {
        for (at, (column, value)) in self.key().zip(key).enumerate() {
            let compared = column.compared(Extent::Whole);
            let and = if at > 0 { " AND " } else { "" };
            statement = statement.sql(format!("{and}{} = ", compared.expression));
            statement = compared.value(statement, value);
        }
        statement
    }

    pub(super) fn read(&self, row: TextRow, limit: CellLimit) -> Result<Row, TablesError> {
        let bytes = row.lengths.into_iter();
        let texts = RowTexts {
            cells: row.cells,
            bytes: bytes
                .map(|length| u64::try_from(length).unwrap_or(0))
                .collect(),
            key: row.of_key,
        };
        Row::read(self.declared, texts, limit)
    }

    fn key(&self) -> impl Iterator<Item = Column<'_>> {
        let names = self.declared.key();
        names.filter_map(|column| self.column(column.name().as_str()))
    }
}

/// The rows of a page, and one more.
pub(super) fn page(
    connection: &mut TenantConnection,
    plan: &PagePlan,
) -> Result<Vec<FoundRow>, TablesError> {
    let table = Table::of(connection, plan.table())?;
    let rows: Vec<TextRow> = Once(page_statement(&table, plan))
        .load(connection)
        .map_err(|error| Asked::ToRead(plan.table()).failed(&error))?;
    let found = rows.into_iter().map(|mut row| {
        let position = plan.placed(std::mem::take(&mut row.place))?;
        let row = table.read(row, plan.limit())?;
        Ok(FoundRow { row, position })
    });
    found.collect()
}

/// One row, if it is there.
pub(super) fn row(
    connection: &mut TenantConnection,
    plan: &RowPlan,
) -> Result<Option<Row>, TablesError> {
    let table = Table::of(connection, plan.table())?;
    one(connection, &table, plan, "")
}

/// One row, if it is there, locked as `lock` says.
pub(super) fn one(
    connection: &mut TenantConnection,
    table: &Table<'_>,
    plan: &RowPlan,
    lock: &str,
) -> Result<Option<Row>, TablesError> {
    let limit = CellLimit::ROW;
    let statement = Statement::new(format!(
        "SELECT {} FROM {} WHERE ",
        table.selection(limit, &[]),
        table.named()
    ));
    let statement = table.with_key(statement, plan.key_values());
    let rows: Vec<TextRow> = Once(statement.sql(format!(" LIMIT 2{lock}")))
        .load(connection)
        .map_err(|error| match lock {
            "" => Asked::ToRead(plan.table()).failed(&error),
            _ => Asked::ToChange(plan.table()).failed(&error),
        })?;
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (None, _) => Ok(None),
        (Some(row), None) => table.read(row, limit).map(Some),
        (Some(_), Some(_)) => Err(TablesError::KeyNotUnique {
            table: plan.table().name().clone(),
        }),
    }
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
    let place: Vec<Compared> = terms.iter().map(|(_, compared)| compared.clone()).collect();
    let mut statement = Statement::new(format!(
        "SELECT {} FROM {} WHERE true",
        table.selection(plan.limit(), &place),
        table.named()
    ));
    for (declared, test) in plan.conditions() {
        if let Some(column) = table.column(declared.name().as_str()) {
            statement = condition(statement.sql(" AND "), column, test);
        }
    }
    if let Some(position) = plan.position() {
        statement = after(statement.sql(" AND "), &terms, position);
    }
    let order: Vec<String> = terms
        .iter()
        .map(|(term, compared)| ordered(*term, compared))
        .collect();
    statement
        .sql(format!(" ORDER BY {} LIMIT ", order.join(", ")))
        .number(i64::from(plan.size().number()) + 1)
}

fn condition(statement: Statement, column: Column<'_>, test: &Test) -> Statement {
    let compared = column.compared(Extent::Whole);
    match test {
        Test::IsNull => statement.sql(format!("t.{} IS NULL", column.declared.name().quoted())),
        Test::IsNotNull => {
            statement.sql(format!("t.{} IS NOT NULL", column.declared.name().quoted()))
        }
        Test::Contains(part) => column.contains(statement, part),
        Test::Compares(comparison, value) => {
            let statement =
                statement.sql(format!("{} {} ", compared.expression, comparison.symbol()));
            compared.value(statement, value)
        }
    }
}

/// The rows after a position: those that are alike in the first columns and come later by the next.
fn after(
    mut statement: Statement,
    terms: &[(OrderTerm, Compared)],
    position: &[Value],
) -> Statement {
    let by_key = |(term, _): &(OrderTerm, Compared)| {
        term.is_key() && term.direction() == Direction::Ascending
    };
    if terms.iter().all(by_key) {
        // One comparison of rows, which an index answers.
        let columns: Vec<_> = terms
            .iter()
            .map(|(_, compared)| compared.expression.as_str())
            .collect();
        statement = statement.sql(format!("({}) > (", columns.join(", ")));
        for (at, ((_, compared), value)) in terms.iter().zip(position).enumerate() {
            statement = compared.value(statement.sql(if at > 0 { ", " } else { "" }), value);
        }
        return statement.sql(")");
    }
    let mut alternatives = 0;
    statement = statement.sql("(");
    for (at, (term, compared)) in terms.iter().enumerate() {
        // Nothing comes after a null but by the next columns.
        if position[at] == Value::Null {
            continue;
        }
        statement = statement.sql(if alternatives > 0 { " OR (" } else { "(" });
        alternatives += 1;
        for ((_, before), value) in terms[..at].iter().zip(position) {
            statement = alike(statement, before, value).sql(" AND ");
        }
        statement = later(statement, *term, compared, &position[at]).sql(")");
    }
    statement.sql(")")
}

fn alike(statement: Statement, compared: &Compared, value: &Value) -> Statement {
    if *value == Value::Null {
        return statement.sql(format!("({}) IS NULL", compared.expression));
    }
    compared.value(statement.sql(format!("{} = ", compared.expression)), value)
}

fn later(statement: Statement, term: OrderTerm, compared: &Compared, value: &Value) -> Statement {
    let comparison = match term.direction() {
        Direction::Ascending => ">",
        Direction::Descending => "<",
    };
    let expression = &compared.expression;
    let statement = compared.value(statement.sql(format!("({expression} {comparison} ")), value);
    if term.is_key() {
        statement.sql(")")
    } else {
        statement.sql(format!(" OR ({expression}) IS NULL)"))
    }
}

/// A key is never null, and an index is of no use to an order that says where nulls come but for the usual place.
fn ordered(term: OrderTerm, compared: &Compared) -> String {
    let direction = match (term.direction(), term.is_key()) {
        (Direction::Ascending, _) => "ASC",
        (Direction::Descending, true) => "DESC",
        (Direction::Descending, false) => "DESC NULLS LAST",
    };
    format!("{} {direction}", compared.expression)
}

impl QueryFragment<Pg> for Once {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        self.0.walk_ast(out)
    }
}

impl QueryId for Once {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Once {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Once {}

#[cfg(test)]
mod tests {
    use tenantry::tables::{
        ColumnDeclaration, ColumnKind, FilterOperator, RowKey, TableCatalogue, TableCursor,
        TableQuery,
    };
    use tenantry::{PageSize, Slug, TenantId};

    use super::*;
    use crate::repository::snapshots::assert_snapshot;

    fn catalogue() -> TableCatalogue {
        let column = |name, kind| ColumnDeclaration::new(name, kind).expect("a name");
        let columns = [
            column("id", ColumnKind::Integer).sortable(),
            column("customer", ColumnKind::Text).filterable().sortable(),
            column("total", ColumnKind::Decimal).filterable(),
            column("photo", ColumnKind::Bytes),
            column("card", ColumnKind::Text).secret(),
        ];
        let orders = TableDeclaration::new("orders", columns, ["id"]).expect("declared");
        TableCatalogue::new([orders]).expect("declared")
    }

    fn of(declared: &TableDeclaration) -> Table<'_> {
        let built_in = |written: &str| Type {
            written: written.into(),
            built_in: Some(written.into()),
        };
        Table {
            declared,
            types: ["int8", "text", "numeric", "bytea"].map(built_in).into(),
            schema: SchemaName::of(&Slug::new("acme").expect("a slug")),
        }
    }

    fn assert_statement(name: &str, statement: &Statement) {
        let shown = diesel::debug_query::<Pg, _>(statement).to_string();
        assert_snapshot(&format!("tables_{name}"), &shown);
    }

    /// The second page of a query.
    fn second_page(query: TableQuery) -> PagePlan {
        let tenant = TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [1; 10]);
        let plan = |query: &TableQuery| {
            PagePlan::new(&catalogue(), tenant, query, CellLimit::PAGE).expect("a plan")
        };
        let query = query.in_pages_of(PageSize::new(1).expect("a size"));
        let first = plan(&query);
        let found = |id| FoundRow {
            row: Row {
                key: RowKey::of(&[Value::Integer(id)]).expect("a key"),
                cells: Vec::new(),
            },
            position: match first.order() {
                [_] => vec![Value::Integer(id)],
                _ => vec![Value::Text("smith".into()), Value::Integer(id)],
            },
        };
        let page = first.page(vec![found(1), found(2)]).expect("a page");
        let next: TableCursor = page.next.expect("there is more");
        plan(&query.after(next))
    }

    #[test]
    fn the_statements_are_what_was_reviewed() {
        let by_key = second_page(TableQuery::of("orders"));
        assert_statement("by_key", &page_statement(&of(by_key.table()), &by_key));
        let by_customer = second_page(
            TableQuery::of("orders")
                .filtered("customer", FilterOperator::Contains, Some("it's"))
                .filtered("total", FilterOperator::AtLeast, Some("10.5"))
                .sorted("customer", Direction::Descending),
        );
        let statement = page_statement(&of(by_customer.table()), &by_customer);
        assert_statement("by_customer", &statement);
    }
}
