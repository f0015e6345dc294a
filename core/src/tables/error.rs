use super::{ColumnKind, FilterOperator, Identifier, ValueError};
use crate::ports::TablesError;
use crate::{ContextRefused, Excerpt, Retry};

/// Why rows can't be asked for or changed so. Nothing was asked of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryRefused {
    /// No table of that name is declared.
    #[error("no table {table} is declared for browsing")]
    NoSuchTable {
        /// What was named.
        table: Excerpt,
    },
    /// No column of that name is declared, or it is secret.
    #[error("table {table} has no column {column}")]
    NoSuchColumn {
        /// Whose column.
        table: Identifier,
        /// What was named.
        column: Excerpt,
    },
    /// No row of the table can have the key.
    #[error("table {table} has no row with the key {key}: take a key from a listing")]
    NoSuchKey {
        /// The table.
        table: Identifier,
        /// What was given for a key.
        key: Excerpt,
    },
    /// The column isn't filterable, or its kind doesn't allow that filter.
    #[error("column {column} ({kind}) can't be filtered by {operator}")]
    NotFilterable {
        /// Which.
        column: Identifier,
        /// What its values are.
        kind: ColumnKind,
        /// The filter.
        operator: FilterOperator,
    },
    /// A filter lacks its value, or has one that it doesn't take.
    #[error("the filter {operator} of column {column} {}", if operator.takes_value() { "needs a value" } else { "takes no value" })]
    FilterValue {
        /// Which column.
        column: Identifier,
        /// The filter.
        operator: FilterOperator,
    },
    /// A value to filter by that is too long.
    #[error(
        "the filter of column {column} is too long: give at most {} characters",
        super::PagePlan::LONGEST_FILTER
    )]
    FilterTooLong {
        /// Which column.
        column: Identifier,
    },
    /// More filters than a query has.
    #[error(
        "{filters} filters are too many: give at most {}",
        super::TableQuery::MOST_FILTERS
    )]
    TooManyFilters {
        /// How many.
        filters: usize,
    },
    /// The column isn't sortable.
    #[error("rows aren't sorted by column {column}")]
    NotSortable {
        /// Which.
        column: Identifier,
    },
    /// A value isn't of its column's kind.
    #[error("the value for column {column} isn't one")]
    BadValue {
        /// Which.
        column: Identifier,
        /// What is wrong with it.
        source: ValueError,
    },
    /// The cursor is of another tenant, table, filter or order.
    #[error("the cursor belongs to another query: begin again without a cursor")]
    CursorOfAnotherQuery,
    /// The cursor was given by no page.
    #[error("cursor {cursor} wasn't given by a page: begin again without a cursor")]
    CursorUnread {
        /// What was given for a cursor.
        cursor: Excerpt,
    },
    /// A cursor would be too long.
    #[error("the rows of table {table} can't be paged in this order: their values are too long")]
    Unplaceable {
        /// Which.
        table: Identifier,
    },
    /// The table takes no new rows.
    #[error("rows can't be added to table {table}")]
    NotInsertable {
        /// Which.
        table: Identifier,
    },
    /// The table's rows can't be deleted.
    #[error("rows can't be deleted from table {table}")]
    NotDeletable {
        /// Which.
        table: Identifier,
    },
    /// The column takes no value, or none any more.
    #[error("column {column} can't be given a value {}", if *of_new { "in a new row" } else { "in a row that is there" })]
    NotWritable {
        /// Which.
        column: Identifier,
        /// Whether the row is a new one.
        of_new: bool,
    },
    /// A column is given two values.
    #[error("column {column} is given two values: give one")]
    GivenTwice {
        /// Which.
        column: Identifier,
    },
    /// No column is changed.
    #[error("nothing is changed: give a value for at least one column")]
    NothingToChange,
}

/// Why a [`TableBrowser`](super::TableBrowser) didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowseError {
    /// The tenant's rows can't be seen, or changed, as it is now.
    #[error(transparent)]
    Tenant(#[from] ContextRefused),
    /// What was asked for isn't declared, or is none.
    #[error(transparent)]
    Refused(#[from] QueryRefused),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] TablesError),
}

impl BrowseError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Tenant(_) | Self::Refused(_) => Retry::Never,
            Self::Store(error) => error.retry(),
        }
    }
}
