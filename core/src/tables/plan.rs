use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::token::{from_token, to_token};
use super::{
    CellLimit, ColumnDeclaration, ColumnKind, Direction, Filter, FilterOperator, QueryRefused, Row,
    RowKey, TableCatalogue, TableCursor, TableDeclaration, TableQuery, Value,
};
use crate::ports::TablesError;
use crate::{Digest, Excerpt, PageSize, TenantId};

/// A page that may be read: every name in it is declared, every value is of its column's kind, and it is one tenant's.
///
/// An adapter makes a statement of it in which the names are quoted and the values are bound.
#[derive(Clone, Debug)]
pub struct PagePlan {
    tenant: TenantId,
    table: Arc<TableDeclaration>,
    conditions: Vec<PlannedCondition>,
    order: Vec<OrderTerm>,
    position: Option<Position>,
    size: PageSize,
    limit: CellLimit,
    binding: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PlannedCondition {
    column: usize,
    test: Test,
}

/// How a column's value is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is null.
    IsNull,
    /// It isn't null.
    IsNotNull,
    /// It is text that has this in it, whose ASCII letters are lower-case and match in either case.
    Contains(String),
    /// It compares so with this, which isn't null.
    Compares(Comparison, Value),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// They are the same.
    Equal,
    /// The column's is less.
    Less,
    /// The column's is less, or the same.
    AtMost,
    /// The column's is more.
    Greater,
    /// The column's is more, or the same.
    AtLeast,
}

impl Comparison {
    /// The comparison as SQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// One column that a page's rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTerm {
    column: usize,
    direction: Direction,
    /// Whether it is one of the key's, which are never null.
    is_key: bool,
}

/// The values of a row in the columns that a page is sorted by, in the order of [`PagePlan::order`]; null for a null, and of
/// text the first [`PagePlan::SORTED_CHARACTERS`] characters, unless the column is the key's.
pub type Position = Vec<Value>;

/// A row that an adapter found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRow {
    /// The row.
    pub row: Row,
    /// Where it is in the page's order.
    pub position: Position,
}

/// Some rows of a table, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TablePage {
    /// The rows, in the query's order.
    pub rows: Vec<Row>,
    /// The next page, if there is one.
    pub next: Option<TableCursor>,
}

impl PagePlan {
    /// How many characters of a text rows are sorted by: a cursor holds them.
    pub const SORTED_CHARACTERS: u32 = 256;

    /// The longest text that a row is filtered by, in characters.
    pub const LONGEST_FILTER: usize = 1_000;

    /// Plans a query of one tenant's rows.
    ///
    /// # Errors
    /// [`QueryRefused`]: whatever isn't declared can't be asked for, and a cursor is good for its own query alone.
    pub fn new(
        catalogue: &TableCatalogue,
        tenant: TenantId,
        query: &TableQuery,
        limit: CellLimit,
    ) -> Result<Self, QueryRefused> {
        let table = Arc::clone(table_of(catalogue, &query.table)?);
        if query.filters.len() > TableQuery::MOST_FILTERS {
            let filters = query.filters.len();
            return Err(QueryRefused::TooManyFilters { filters });
        }
        let conditions = query.filters.iter().map(|filter| condition(&table, filter));
        let conditions = conditions.collect::<Result<_, _>>()?;
        let order = order(&table, query)?;
        let binding = binding(tenant, query);
        let position = match &query.after {
            None => None,
            Some(cursor) => Some(position(&table, &order, &binding, cursor)?),
        };
        Ok(Self {
            tenant,
            table,
            conditions,
            order,
            position,
            size: query.size,
            limit,
            binding,
        })
    }

    /// Whose rows.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The table.
    pub fn table(&self) -> &TableDeclaration {
        &self.table
    }

    /// What holds of the rows, all of it.
    pub fn conditions(&self) -> impl Iterator<Item = (&ColumnDeclaration, &Test)> {
        let columns = self.table.columns();
        let of = |condition: &PlannedCondition| condition.column;
        self.conditions
            .iter()
            .map(move |condition| (&columns[of(condition)], &condition.test))
    }

    /// What the rows are sorted by: the query's column, then the key's, so that no two rows are alike. Nulls come last, whichever
    /// way.
    pub fn order(&self) -> &[OrderTerm] {
        &self.order
    }

    /// The rows come after this one; from the first, if absent.
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// How many rows the page holds at most. An adapter looks for one more, which tells that there is a next page.
    pub fn size(&self) -> PageSize {
        self.size
    }

    /// How much of each value is wanted.
    pub fn limit(&self) -> CellLimit {
        self.limit
    }

    /// The place of a row in the page's order, of the values in the columns of [`order`](Self::order) as text.
    ///
    /// # Errors
    /// [`TablesError::KeyUnreadable`] if one can't be read as its column's kind: the rows after it couldn't be found.
    pub fn placed(&self, texts: Vec<Option<String>>) -> Result<Position, TablesError> {
        let unreadable = || TablesError::KeyUnreadable {
            table: self.table.name().clone(),
        };
        if texts.len() != self.order.len() {
            return Err(unreadable());
        }
        let read = texts.into_iter().zip(&self.order);
        let read = read.map(|(text, term)| match text {
            None => Ok(Value::Null),
            Some(text) => {
                let kind = kind_of(&self.table, term);
                kind.parse(&text).map_err(|_| unreadable())
            }
        });
        read.collect()
    }

    /// The page of what was found when one row more than its size was looked for.
    ///
    /// # Errors
    /// [`QueryRefused::Unplaceable`] if the last row's place can't be told in a cursor.
    pub fn page(&self, mut found: Vec<FoundRow>) -> Result<TablePage, QueryRefused> {
        let size = usize::from(self.size.number());
        let more = found.len() > size;
        found.truncate(size);
        let next = match found.last() {
            Some(last) if more => Some(self.cursor(&last.position)?),
            _ => None,
        };
        let rows = found.into_iter().map(|found| found.row).collect();
        Ok(TablePage { rows, next })
    }

    fn cursor(&self, position: &Position) -> Result<TableCursor, QueryRefused> {
        let texts: Vec<_> = position.iter().map(Value::to_text).collect();
        let token = to_token(&texts).ok_or_else(|| QueryRefused::Unplaceable {
            table: self.table.name().clone(),
        })?;
        Ok(TableCursor(alloc::format!("{}.{token}", self.binding)))
    }
}

impl OrderTerm {
    /// The column, in its table's declaration.
    pub fn column<'t>(&self, table: &'t TableDeclaration) -> &'t ColumnDeclaration {
        &table.columns()[self.column]
    }

    /// Which way.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Whether the column is one of the key's, which are never null, and are compared whole.
    pub fn is_key(&self) -> bool {
        self.is_key
    }
}

/// The declaration of a table that somebody named.
pub(super) fn table_of<'c>(
    catalogue: &'c TableCatalogue,
    name: &str,
) -> Result<&'c Arc<TableDeclaration>, QueryRefused> {
    let found = catalogue.table(name);
    found.ok_or_else(|| QueryRefused::NoSuchTable {
        table: Excerpt::of(name),
    })
}

/// Where a column that somebody named is. A secret one isn't anywhere.
pub(super) fn column_of(table: &TableDeclaration, name: &str) -> Result<usize, QueryRefused> {
    let found = table.position(name);
    found.ok_or_else(|| QueryRefused::NoSuchColumn {
        table: table.name().clone(),
        column: Excerpt::of(name),
    })
}

fn condition(table: &TableDeclaration, filter: &Filter) -> Result<PlannedCondition, QueryRefused> {
    let at = column_of(table, &filter.column)?;
    let column = &table.columns()[at];
    let operator = filter.operator;
    if !column.operators().contains(&operator) {
        let (column, kind) = (column.name().clone(), column.kind());
        return Err(QueryRefused::NotFilterable {
            column,
            kind,
            operator,
        });
    }
    let test = match (operator, &filter.value) {
        (FilterOperator::Null, None) => Test::IsNull,
        (FilterOperator::NotNull, None) => Test::IsNotNull,
        (FilterOperator::Null | FilterOperator::NotNull, Some(_)) | (_, None) => {
            let column = column.name().clone();
            return Err(QueryRefused::FilterValue { column, operator });
        }
        (_, Some(text)) => compared(column, operator, text)?,
    };
    Ok(PlannedCondition { column: at, test })
}

fn compared(
    column: &ColumnDeclaration,
    operator: FilterOperator,
    text: &str,
) -> Result<Test, QueryRefused> {
    if text.chars().count() > PagePlan::LONGEST_FILTER {
        let column = column.name().clone();
        return Err(QueryRefused::FilterTooLong { column });
    }
    let value = parsed(column, text)?;
    let comparison = match operator {
        FilterOperator::Contains => return Ok(Test::Contains(text.to_ascii_lowercase())),
        FilterOperator::Less => Comparison::Less,
        FilterOperator::AtMost => Comparison::AtMost,
        FilterOperator::Greater => Comparison::Greater,
        FilterOperator::AtLeast => Comparison::AtLeast,
        FilterOperator::Equal | FilterOperator::Null | FilterOperator::NotNull => Comparison::Equal,
    };
    Ok(Test::Compares(comparison, value))
}

fn parsed(column: &ColumnDeclaration, text: &str) -> Result<Value, QueryRefused> {
    let value = column.kind().parse(text);
    value.map_err(|source| QueryRefused::BadValue {
        column: column.name().clone(),
        source,
    })
}

fn order(table: &TableDeclaration, query: &TableQuery) -> Result<Vec<OrderTerm>, QueryRefused> {
    let mut terms = Vec::new();
    if let Some(sort) = &query.sort {
        let column = column_of(table, &sort.column)?;
        if !table.columns()[column].is_sortable() {
            let column = table.columns()[column].name().clone();
            return Err(QueryRefused::NotSortable { column });
        }
        terms.push(OrderTerm {
            column,
            direction: sort.direction,
            is_key: table.key_positions().contains(&column),
        });
    }
    for column in table.key_positions() {
        if terms.iter().all(|term| term.column != *column) {
            terms.push(OrderTerm {
                column: *column,
                direction: Direction::Ascending,
                is_key: true,
            });
        }
    }
    Ok(terms)
}

/// What ties a cursor to its tenant, table, filters and order.
fn binding(tenant: TenantId, query: &TableQuery) -> String {
    let mut bytes = Vec::new();
    let mut piece = |text: &str| {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    piece(&tenant.to_string());
    piece(&query.table);
    for filter in &query.filters {
        piece(&filter.column);
        piece(filter.operator.as_str());
        piece(filter.value.as_deref().map_or("-", |_| "+"));
        piece(filter.value.as_deref().unwrap_or_default());
    }
    if let Some(sort) = &query.sort {
        piece("by");
        piece(&sort.column);
        piece(match sort.direction {
            Direction::Ascending => "up",
            Direction::Descending => "down",
        });
    }
    let mut binding = Digest::of(&[b"tenantry-cursor-1\n", &bytes]).to_string();
    binding.truncate(32);
    binding
}

fn position(
    table: &TableDeclaration,
    order: &[OrderTerm],
    binding: &str,
    cursor: &TableCursor,
) -> Result<Position, QueryRefused> {
    let unread = || QueryRefused::CursorUnread {
        cursor: Excerpt::of(&cursor.0),
    };
    let (bound, token) = cursor.0.split_once('.').ok_or_else(unread)?;
    if bound != binding {
        return Err(QueryRefused::CursorOfAnotherQuery);
    }
    let texts = from_token(token).ok_or_else(unread)?;
    if texts.len() != order.len() {
        return Err(unread());
    }
    let values = texts.into_iter().zip(order).map(|(text, term)| match text {
        None if term.is_key => Err(unread()),
        None => Ok(Value::Null),
        Some(text) => kind_of(table, term).parse(&text).map_err(|_| unread()),
    });
    values.collect()
}

fn kind_of(table: &TableDeclaration, term: &OrderTerm) -> ColumnKind {
    term.column(table).kind()
}

/// One row that may be looked for.
#[derive(Clone, Debug)]
pub struct RowPlan {
    tenant: TenantId,
    table: Arc<TableDeclaration>,
    key: Vec<Value>,
}

impl RowPlan {
    /// Plans to look for one of a tenant's rows.
    ///
    /// # Errors
    /// [`QueryRefused`].
    pub fn new(
        catalogue: &TableCatalogue,
        tenant: TenantId,
        table: &str,
        key: &RowKey,
    ) -> Result<Self, QueryRefused> {
        let table = Arc::clone(table_of(catalogue, table)?);
        let key = key.values(&table)?;
        Ok(Self { tenant, table, key })
    }

    /// Whose row.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The table.
    pub fn table(&self) -> &TableDeclaration {
        &self.table
    }

    /// The columns of the key and the row's values in them.
    pub fn key(&self) -> impl Iterator<Item = (&ColumnDeclaration, &Value)> {
        self.table.key().zip(&self.key)
    }

    /// The values of the key.
    pub fn key_values(&self) -> &[Value] {
        &self.key
    }
}
